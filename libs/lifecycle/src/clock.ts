import { setTimeout as sleepFor } from 'node:timers/promises';

/** Time, passed in wherever it matters, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For measuring and for deadlines. */
  monotonic(): number;
  /** Runs `run` once after `ms` milliseconds; the returned function cancels it. A pending timer does not hold the process up. */
  schedule(ms: number, run: () => void): () => void;
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal && { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};
