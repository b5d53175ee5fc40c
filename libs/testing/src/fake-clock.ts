import type { Clock } from '@stampede/lifecycle';
import { createTimerQueue } from './timer-queue.ts';

export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms`, running every timer that falls due at its own moment, in order (timers of the same moment in the order they were
   * set). Before the first, after each and after the last it lets what is under way settle, so that what one timer sets in motion may set the
   * next. What a timer throws is thrown from here.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward (or, negative, back) by `ms` and nothing else: `monotonic` and the timers do not notice. */
  jump(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
}

export interface FakeClockOptions {
  /** Milliseconds since the epoch; 2026-01-01T00:00:00Z if absent. */
  readonly start?: number;
  /**
   * What settles between timers: promises and the event loop (if absent), or promises alone, which is some ten times faster and enough where
   * nothing but this clock wakes anybody.
   */
  readonly settles?: 'event-loop' | 'promises';
}

/**
 * Time that stands still until the test moves it.
 *
 * @example const clock = fakeClock(); clock.schedule(100, fire); await clock.advance(100); // fired
 */
export function fakeClock({ start = Date.UTC(2026, 0, 1), settles = 'event-loop' }: FakeClockOptions = {}): FakeClock {
  const timers = createTimerQueue();
  const settle = settles === 'promises' ? settlePromises : settleEventLoop;
  let elapsed = 0;
  let offset = start;

  const schedule = (ms: number, run: () => void) => timers.add(elapsed + Math.max(0, ms), run);

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    schedule,
    sleep: sleepOn(schedule),
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let timer = timers.take(until); timer !== undefined; timer = timers.take(until)) {
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

/** `Clock.sleep` for whoever has its own `Clock.schedule`. */
export function sleepOn(schedule: Clock['schedule']): Clock['sleep'] {
  return async (ms, signal) => {
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
  };
}

const realImmediate = setImmediate;

/** Two turns of the event loop; each drains the microtasks before and after it. */
async function settleEventLoop(): Promise<void> {
  await new Promise((resolve) => realImmediate(resolve));
  await new Promise((resolve) => realImmediate(resolve));
}

/** A tick begins when there is no microtask left, however long their chain (https://nodejs.org/api/process.html#processnexttickcallback-args). */
async function settlePromises(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
}
