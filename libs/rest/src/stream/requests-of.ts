import { readMessages } from '../request/read-messages.ts';
import type { Exchange } from '../serving.ts';

/** A stream of requests as a call takes it. */
export interface Requests {
  readonly messages: AsyncIterable<Uint8Array>;
  /** What was wrong with the body: the call fails by it, and it says more than the call's own failure. */
  readonly failure: unknown;
}

/** The messages of a request body. `onFailure` ends the call, which may not be waiting for a message. */
export function requestsOf(
  { route, segments, call, request }: Exchange,
  limit: number,
  onFailure: () => void,
): Requests {
  let failure: unknown;

  async function* messages(): AsyncGenerator<Uint8Array> {
    try {
      yield* readMessages({ route, segments, query: call.query, raw: request.raw, limit });
    } catch (error) {
      failure = error;
      onFailure();
      throw error;
    } finally {
      // What nobody wants any more must be read all the same for the connection to be used again.
      request.raw.resume();
    }
  }

  return {
    messages: messages(),
    get failure() {
      return failure;
    },
  };
}
