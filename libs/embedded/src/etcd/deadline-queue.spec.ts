import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineQueue } from './deadline-queue.ts';

test('it gives back the earliest first, whatever was pushed and taken before', () => {
  const steps = fc.array(fc.option(fc.nat({ max: 100 }), { nil: 'pop' as const }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (steps) => {
      const queue = new DeadlineQueue<number>();
      const held: number[] = [];
      for (const step of steps) {
        if (step === 'pop') expect(queue.pop()).toBe(held.shift());
        else {
          queue.push(step, step);
          held.push(step);
          held.sort((a, b) => a - b);
        }
        expect([queue.size, queue.next]).toEqual([held.length, held[0]]);
      }
    }),
  );
});
