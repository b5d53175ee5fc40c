import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedMap } from './sorted-map.ts';

const key = fc.integer({ min: 0, max: 3_000 }).map((n) => String.fromCharCode(n % 256) + n.toString(36));
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);
const end = fc.option(key, { nil: undefined });

test('it holds and orders what a plain map sorted anew would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3_000, size: 'max' }), key, end, (steps, from, to) => {
      const sorted = new SortedMap<number>();
      const plain = new Map<string, number>();
      for (const step of steps) {
        if (step.kind === 'set') {
          sorted.set(step.key, step.value);
          plain.set(step.key, step.value);
        } else {
          sorted.delete(step.key);
          plain.delete(step.key);
        }
      }
      const inOrder = [...plain].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(sorted.size).toBe(plain.size);
      expect([...sorted.between('', undefined)]).toEqual(inOrder.map(([, value]) => value));
      const inside = inOrder.filter(([name]) => name >= from && (to === undefined || name < to));
      expect([...sorted.between(from, to)]).toEqual(inside.map(([, value]) => value));
      expect(sorted.get(from)).toBe(plain.get(from));
    }),
    { numRuns: 100 },
  );
});
