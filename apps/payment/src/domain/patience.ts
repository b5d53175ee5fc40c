/** How long a caller waits; the context of a served call fits. */
export interface Patience {
  /** Aborts when the caller has gone or its time is up. */
  readonly signal: AbortSignal;
  /** Milliseconds until then; Infinity if the caller set no deadline. */
  remainingMs(): number;
}

/** Timers; `Clock` of @stampede/lifecycle fits. */
export interface Timers {
  /** Milliseconds since some fixed point; never goes back. */
  monotonic(): number;
  /** Runs `run` once after `ms`; the returned function cancels it. */
  schedule(ms: number, run: () => void): () => void;
}

/** The value of `work` if it is there within `ms` and before `signal` aborts, else `otherwise`. It rejects if `work` does. */
export async function within<T, U>(
  { timers, ms, signal }: { timers: Timers; ms: number; signal: AbortSignal },
  work: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  const { promise, resolve, reject } = Promise.withResolvers<T | U>();
  const giveUp = () => resolve(otherwise);
  const cancel = timers.schedule(ms, giveUp);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', giveUp);
  }
}

/** Resolves after `ms`, or when `signal` aborts. */
export async function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  await within({ timers, ms, signal }, Promise.withResolvers<never>().promise, undefined);
}
