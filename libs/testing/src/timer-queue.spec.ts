import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { createTimerQueue } from './timer-queue.ts';

test.prop([fc.array(fc.record({ due: fc.nat(20), cancelled: fc.boolean() }))])(
  'timers come by their time, then by their age, and cancelled ones never',
  (timers) => {
    const queue = createTimerQueue();
    const ran: number[] = [];
    const cancels = timers.map(({ due }, index) => queue.add(due, () => void ran.push(index)));
    for (const [index, { cancelled }] of timers.entries()) if (cancelled) cancels[index]!();
    const expected = [...timers.entries()].filter(([, { cancelled }]) => !cancelled);
    expect(queue.size).toBe(expected.length);
    for (let timer = queue.take(20); timer !== undefined; timer = queue.take(20)) timer.run();
    expect(ran).toEqual(expected.toSorted(([, a], [, b]) => a.due - b.due).map(([index]) => index));
    expect(queue.size).toBe(0);
  },
);

test('nothing comes before its time', () => {
  const queue = createTimerQueue();
  queue.add(5, () => undefined);
  expect(queue.take(4)).toBeUndefined();
  expect(queue.take(5)?.due).toBe(5);
});
