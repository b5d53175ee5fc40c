import { AppError } from '@stampede/errors';
import { kindOf, type MethodShape } from '../definition.ts';
import type { Next } from '../interceptor.ts';
import type { ClientContext } from './call-options.ts';
import type { Endpoint } from './endpoint.ts';
import { abortedBy } from './grpc-failure.ts';
import { decodeResponse, encodeRequest, encodeRequests, onlyOne } from './messages.ts';
import { withOutcome } from './outcome.ts';
import { OutgoingUnary, tooLate } from './outgoing-unary.ts';
import { Replayed } from './replayed.ts';
import { Attempts, type RetryOptions } from './retry.ts';
import type { OutgoingCall } from './transport.ts';

/** Makes one call over the instances of a pool, as often as it may be made. */
export class Caller {
  readonly #options: RetryOptions;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** The innermost part of a method's calls, below the interceptors. */
  next<Request, Response>(method: MethodShape<Request, Response>): Next<ClientContext> {
    const one = (request: unknown) => encodeRequest(method, request as Request);
    const each = (requests: unknown) => encodeRequests(method, requests as AsyncIterable<Request>);
    switch (kindOf(method)) {
      case 'unary':
        return (request, context) => new OutgoingUnary(method, request, context, this.#options).promise;
      case 'serverStream':
        return (request, context) => this.#stream(method, one(request), context);
      case 'clientStream':
        return (requests, context) => onlyOne(this.#stream(method, each(requests), context));
      case 'bidi':
        return (requests, context) => this.#stream(method, each(requests), context);
    }
  }

  async *#stream<Response>(
    method: MethodShape<never, Response>,
    request: Uint8Array | Replayed,
    context: ClientContext,
  ): AsyncGenerator<Response> {
    const { pool, clock } = this.#options;
    const call = outgoing(method, context);
    this.#options.budget.earn();
    const attempts = new Attempts(context, this.#options);
    let delivered = false;
    try {
      for (;;) {
        const endpoint = await this.#acquire(context, attempts);
        if (endpoint === undefined) continue;
        const started = clock.monotonic();
        let failure: AppError | undefined;
        try {
          for await (const bytes of endpoint.transport.stream(call, request)) {
            delivered = true;
            if (request instanceof Replayed) request.commit();
            yield decodeResponse(method, bytes);
          }
          return;
        } catch (thrown) {
          // What the caller's own requests throw is the caller's.
          if (!(thrown instanceof AppError)) throw thrown;
          failure = thrown;
        } finally {
          pool.release(endpoint, true, clock.monotonic() - started, failure);
        }
        const repeatable = !delivered && (!(request instanceof Replayed) || request.replayable);
        await attempts.next(failure, endpoint, repeatable);
      }
    } finally {
      if (request instanceof Replayed) request.close().catch(() => undefined);
    }
  }

  /** An instance, or undefined if there was none and another try is due. */
  async #acquire(context: ClientContext, attempts: Attempts): Promise<Endpoint | undefined> {
    const { signal, deadline, key } = context;
    try {
      if (signal?.aborted === true) throw withOutcome(abortedBy(signal), 'not-processed');
      if (context.remainingMs() <= 0) throw tooLate();
      return await this.#options.pool.acquire({ streaming: true, deadline, signal, key }, attempts.avoid);
    } catch (thrown) {
      await attempts.next(AppError.from(thrown), undefined, true);
      return undefined;
    }
  }
}

function outgoing({ path }: { readonly path: string }, context: ClientContext): OutgoingCall {
  const { metadata, deadline, signal, onHeaders, onTrailers } = context;
  return { path, headers: metadata, plain: undefined, deadline, signal, onHeaders, onTrailers };
}
