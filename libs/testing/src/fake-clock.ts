import type { Clock } from '@stampede/lifecycle';

export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms`, running every timer that falls due at its own moment, in order (timers of the same moment in the order they were
   * set). Before the first, after each and after the last it lets promises and the event loop settle, so that what one timer sets in
   * motion may set the next. What a timer throws is thrown from here.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward (or, negative, back) by `ms` and nothing else: `monotonic` and the timers do not notice. */
  jump(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that stands still until the test moves it. It starts at 2026-01-01T00:00:00Z unless told otherwise.
 *
 * @example const clock = fakeClock(); clock.schedule(100, fire); await clock.advance(100); // fired
 */
export function fakeClock({ start = Date.UTC(2026, 0, 1) }: { readonly start?: number } = {}): FakeClock {
  const timers = new Set<Timer>();
  let elapsed = 0;
  let offset = start;
  let order = 0;

  function next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.due > until) continue;
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }

  function schedule(ms: number, run: () => void): () => void {
    const timer = { due: elapsed + Math.max(0, ms), order: order++, run };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    schedule,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const woken = Promise.withResolvers<undefined>();
      const cancel = schedule(ms, () => woken.resolve(undefined));
      const onAbort = () => {
        cancel();
        woken.reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        await woken.promise;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.due);
        timer.run();
        await settle();
      }
      elapsed = Math.max(elapsed, until);
      await settle();
    },
    jump(ms) {
      offset += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}

const realImmediate = setImmediate;

/** Two turns of the event loop; each drains the microtasks before and after it. */
async function settle(): Promise<void> {
  await new Promise((resolve) => realImmediate(resolve));
  await new Promise((resolve) => realImmediate(resolve));
}
