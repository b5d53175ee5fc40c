import { AppError } from '@stampede/errors';
import type { MethodShape } from '../definition.ts';
import { withOutcome } from './outcome.ts';
import { Replayed } from './replayed.ts';

export function encodeRequest<Request>(method: MethodShape<Request, unknown>, request: Request): Uint8Array {
  try {
    return method.encode(request);
  } catch (cause) {
    const error = new AppError('INTERNAL', 'REQUEST_UNWRITABLE', 'the request cannot be encoded', { cause });
    throw withOutcome(error, 'not-processed');
  }
}

export function decodeResponse<Response>(method: MethodShape<never, Response>, bytes: Uint8Array): Response {
  try {
    return method.decode(bytes);
  } catch (cause) {
    const error = new AppError('INTERNAL', 'RESPONSE_UNREADABLE', 'the response is not a valid message', { cause });
    throw withOutcome(error, 'unknown');
  }
}

export function encodeRequests<Request>(
  method: MethodShape<Request, unknown>,
  requests: AsyncIterable<Request>,
): Replayed {
  async function* each(): AsyncGenerator<Uint8Array> {
    for await (const request of requests) yield encodeRequest(method, request);
  }
  return new Replayed(each());
}

/** The response of a stream that holds exactly one. */
export async function onlyOne<Response>(responses: AsyncIterable<Response>): Promise<Response> {
  let found: { readonly response: Response } | undefined;
  for await (const response of responses) found ??= { response };
  if (found !== undefined) return found.response;
  throw withOutcome(new AppError('INTERNAL', 'NO_RESPONSE', 'the server said OK and sent no response'), 'unknown');
}
