/** What a call comes to: one message, or a stream of them. */
export type Outcome = Promise<unknown> | AsyncIterable<unknown>;

/** The rest of a call. `request` is a message, or an AsyncIterable of them where the method streams requests. */
export type Next<Context> = (request: unknown, context: Context) => Outcome;

/**
 * Something done around every call, of one shape on both sides: on the server it wraps the handler, on the client the whole call with
 * its retries. The first of a list is the outermost. It may answer itself, change the request, the response or the context's metadata,
 * throw, or watch (see `whenSettled`).
 *
 * @example
 * const timed: ServerInterceptor = (next) => (request, context) => {
 *   const start = performance.now();
 *   return whenSettled(next(request, context), () => context.log.debug({ ms: performance.now() - start }, 'served'));
 * };
 */
export type Interceptor<Context> = (next: Next<Context>) => Next<Context>;

/** `next` inside all of `interceptors`. */
export function compose<Context>(interceptors: readonly Interceptor<Context>[], next: Next<Context>): Next<Context> {
  return interceptors.reduceRight((inner, interceptor) => interceptor(inner), next);
}

/** The same outcome, with `settled` called once when it is there or has failed; a stream that its reader leaves early has settled too. */
export function whenSettled(outcome: Outcome, settled: (error?: unknown) => void): Outcome {
  if (!(outcome instanceof Promise) && Symbol.asyncIterator in outcome) return watched(outcome, settled);
  return outcome.then(
    (value) => {
      settled();
      return value;
    },
    (error: unknown) => {
      settled(error);
      throw error;
    },
  );
}

async function* watched(stream: AsyncIterable<unknown>, settled: (error?: unknown) => void): AsyncGenerator {
  let failure: { error: unknown } | undefined;
  try {
    yield* stream;
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    if (failure === undefined) settled();
    else settled(failure.error);
  }
}
