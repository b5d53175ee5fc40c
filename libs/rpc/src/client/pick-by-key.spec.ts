import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { hashOf } from './hash.ts';
import { pickByKey } from './pick-by-key.ts';
import type { Candidate } from './pick.ts';

interface Fake extends Candidate {
  readonly id: string;
  inFlight: number;
}

const fake = (id: string, over: Partial<Fake> = {}): Fake => ({
  id,
  seed: hashOf(id),
  inFlight: 0,
  available: true,
  isEjected: () => false,
  cost: () => 1,
  ...over,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => fake(`instance-${index}`));
const keys = Array.from({ length: 2_000 }, (_, index) => `sku-${index}`);
const at = (candidates: readonly Fake[], key: string) => pickByKey(candidates, key, { now: 0 })?.id;

test('keys are spread over all instances, each always to the same, in whatever order they are listed', () => {
  const instances = many(8);
  const counts = new Map<string, number>();
  for (const key of keys) {
    const id = at(instances, key) ?? '';
    expect(at([...instances].reverse(), key)).toBe(id);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect(counts.size).toBe(8);
  for (const count of counts.values()) expect(count).toBeGreaterThan(150);
});

test.prop([fc.integer({ min: 2, max: 12 }), fc.nat(11)], { numRuns: 20 })(
  'an instance that leaves moves its own keys alone',
  (count, which) => {
    const instances = many(count);
    const gone = instances[which % count]!;
    const rest = instances.filter((each) => each !== gone);
    for (const key of keys) {
      const before = at(instances, key);
      if (before === gone.id) expect(at(rest, key)).not.toBe(gone.id);
      else expect(at(rest, key)).toBe(before);
    }
  },
);

test.prop([fc.integer({ min: 2, max: 10 }), fc.integer({ min: 100, max: 2_000 })], { numRuns: 30 })(
  'one hot key loads no instance much above the average, and few calls of it none but its own',
  (count, calls) => {
    const instances = many(count);
    for (let n = 0; n < calls; n += 1) {
      const chosen = pickByKey(instances, 'hot', { now: 0 })!;
      chosen.inFlight += 1;
      const busy = instances.filter((each) => each.inFlight > 0);
      if (n < 16) expect(busy).toHaveLength(1);
      expect(chosen.inFlight).toBeLessThanOrEqual(Math.max(16, Math.ceil((1.25 * (n + 1)) / count)));
    }
  },
);

test('what is full, ejected or to be avoided is passed over; if that is all, there is no answer', () => {
  const instances = many(4);
  const first = at(instances, 'k');
  const without = (over: Partial<Fake>) => instances.map((each) => (each.id === first ? { ...each, ...over } : each));
  expect(at(without({ available: false }), 'k')).not.toBe(first);
  expect(at(without({ isEjected: () => true }), 'k')).not.toBe(first);
  const avoid = new Set(instances.filter(({ id }) => id === first));
  expect(pickByKey(instances, 'k', { now: 0, avoid })?.id).not.toBe(first);
  expect(pickByKey(instances, 'k', { now: 0, avoid: new Set(instances) })).toBeUndefined();
  expect(at([], 'k')).toBeUndefined();
});
