import { tooManyLogins } from '../domain/reasons.ts';

export interface HashQueueLimits {
  /** How many hash at once. Each holds a thread of libuv's pool (four by default), which the signing of tokens needs as well. */
  readonly concurrency: number;
  /** How many may wait; beyond that the answer is TOO_MANY_LOGINS. */
  readonly waiting: number;
}

export interface HashQueue {
  /** Runs `work` when its turn comes. Rejects with `signal.reason` if that aborts while it waits: the work is then never done. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** First come, first served; the limits are asked anew each time, so that they may change. */
export function createHashQueue(limits: () => HashQueueLimits): HashQueue {
  const waiting = new Set<() => void>();
  let running = 0;

  function next(): void {
    for (const begin of waiting) {
      if (running >= limits().concurrency) return;
      begin();
    }
  }

  function turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (running < limits().concurrency && waiting.size === 0) {
      running += 1;
      return Promise.resolve();
    }
    if (waiting.size >= limits().waiting) throw tooManyLogins();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const begin = () => {
      waiting.delete(begin);
      signal?.removeEventListener('abort', leave);
      running += 1;
      resolve(undefined);
    };
    const leave = () => {
      waiting.delete(begin);
      reject(signal?.reason as Error);
    };
    waiting.add(begin);
    signal?.addEventListener('abort', leave, { once: true });
    return promise;
  }

  return {
    async run(work, signal) {
      await turn(signal);
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}
