import type { Clock } from '@stampede/lifecycle';

export interface ManualClock extends Clock {
  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void;
  /** Lets time pass unnoticed, then runs what fell due in it, late. */
  stall(ms: number): void;
}

/** Time that stands still until the test moves it. (The one of the testing library depends on this library.) */
export function manualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly due: number; readonly run: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    schedule(ms, run) {
      const timer = { due: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.due);
        next.run();
      }
      now = until;
    },
    stall(ms) {
      now += ms;
      const late = [...timers].filter(({ due }) => due <= now).sort((a, b) => a.due - b.due);
      for (const timer of late) if (timers.delete(timer)) timer.run();
    },
  };
}
