import { fc, test } from '@fast-check/vitest';
import { fakeClock } from '@stampede/testing';
import { expect } from 'vitest';
import { Soonest } from './soonest.ts';

/** Deadlines watched at their times; answers when each was found to have passed. */
async function watched(deadlines: readonly { readonly at: number; readonly afterMs: number }[]) {
  const clock = fakeClock();
  const start = clock.now();
  const waiting = new Map<number, number>();
  const found = new Map<number, number>();
  let timers = 0;
  const soonest = new Soonest(clock, (now) => {
    for (const [which, deadline] of [...waiting]) {
      if (deadline > now) continue;
      waiting.delete(which);
      found.set(which, now - start);
    }
    return Math.min(Infinity, ...waiting.values());
  });
  for (const [which, { at, afterMs }] of deadlines.entries()) {
    await clock.advance(at);
    waiting.set(which, clock.now() + afterMs);
    soonest.watch(clock.now() + afterMs);
    timers = Math.max(timers, clock.pending);
  }
  await clock.advance(10_000);
  return { found, timers, pending: clock.pending };
}

test.prop([fc.array(fc.record({ at: fc.nat(50), afterMs: fc.nat(500) }), { minLength: 1, maxLength: 20 })], {
  numRuns: 50,
})('every deadline is found when it passes, with one timer for all', async (deadlines) => {
  const { found, timers, pending } = await watched(deadlines);
  let now = 0;
  for (const [which, { at, afterMs }] of deadlines.entries()) {
    now += at;
    expect(found.get(which)).toBe(now + afterMs);
  }
  expect(timers).toBe(1);
  expect(pending).toBe(0);
});

test('what is stopped finds nothing more', async () => {
  const clock = fakeClock();
  let swept = 0;
  const soonest = new Soonest(clock, () => {
    swept += 1;
    return Infinity;
  });
  soonest.watch(clock.now() + 10);
  soonest.stop();
  soonest.watch(clock.now() + 10);
  await clock.advance(100);
  expect(swept).toBe(0);
});
