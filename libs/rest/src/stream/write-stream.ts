import type { Problem } from '../problem/problem.ts';
import type { StreamFormat } from './frames.ts';

export interface WriteStreamOptions {
  readonly format: StreamFormat;
  readonly write: (message: unknown) => string;
  readonly problemOf: (thrown: unknown) => Problem;
  /** Milliseconds of silence after which a heartbeat goes out. */
  readonly heartbeatMs: number;
  /** The client is gone, or this process stops: the stream ends without another frame. */
  readonly signal: AbortSignal;
  /** Whether a failure is the stream's own time limit: it ends without another frame, and the client connects anew. */
  readonly isLimit: (thrown: unknown) => boolean;
}

/** Opened by `openStream`: its first answer may be there already. */
export interface OpenedStream {
  readonly iterator: AsyncIterator<unknown>;
  readonly first: Promise<IteratorResult<unknown>>;
  /** It has not answered yet. */
  readonly quiet: boolean;
}

/**
 * Starts `source` and waits for its first answer, for `patienceMs` milliseconds at most: what fails at once (no such order, not yours) is
 * thrown and so can still become an HTTP status; a stream that is merely quiet is opened.
 */
export async function openStream(source: AsyncIterable<unknown>, patienceMs: number): Promise<OpenedStream> {
  const iterator = source[Symbol.asyncIterator]();
  const first = iterator.next();
  const { cancel, elapsed } = timer(patienceMs);
  const quiet = (await Promise.race([first, elapsed]).finally(cancel)) === 'elapsed';
  // Whoever reads the stream meets a later failure; until then it is nobody's.
  first.catch(() => undefined);
  return { iterator, first, quiet };
}

/** The frames of a stream, each made when the one before was taken: a client that reads slowly slows the service, and costs no memory. */
export async function* writeStream(opened: OpenedStream, options: WriteStreamOptions): AsyncGenerator<string> {
  const { format, write, heartbeatMs, signal } = options;
  const aborted = Promise.withResolvers<'aborted'>();
  const onAbort = () => aborted.resolve('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  let pending = opened.first;
  try {
    // Headers leave with the first frame.
    if (opened.quiet) yield format.heartbeat;
    while (!signal.aborted) {
      const { cancel, elapsed } = timer(heartbeatMs);
      const outcome = await Promise.race([pending, elapsed, aborted.promise]).finally(cancel);
      if (outcome === 'aborted') return;
      if (outcome === 'elapsed') {
        yield format.heartbeat;
        continue;
      }
      if (outcome.done === true) {
        yield format.end;
        return;
      }
      yield format.message(write(outcome.value));
      pending = opened.iterator.next();
      pending.catch(() => undefined);
    }
  } catch (error) {
    if (!signal.aborted && !options.isLimit(error)) yield format.failure(options.problemOf(error));
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: the iterator may be waiting for a message that never comes; the call's signal ends it.
    void opened.iterator.return?.().catch(() => undefined);
  }
}

function timer(ms: number): { elapsed: Promise<'elapsed'>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<'elapsed'>();
  const handle = setTimeout(resolve, ms, 'elapsed');
  return { elapsed: promise, cancel: () => clearTimeout(handle) };
}
