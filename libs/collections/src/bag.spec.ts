import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Bag, NOWHERE } from './index.ts';
import { heldByGarbage } from './specs/young-garbage.ts';

test.prop([fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 200 })])(
  'holds what a Set would hold, whatever comes and goes',
  (steps) => {
    const items = Array.from({ length: 10 }, () => ({ place: NOWHERE }));
    const bag = new Bag<(typeof items)[number]>();
    const model = new Set<(typeof items)[number]>();
    for (const [comes, index] of steps) {
      const item = items[index]!;
      if (!comes) expect(bag.delete(item)).toBe(model.delete(item));
      else if (!model.has(item)) {
        model.add(item);
        bag.add(item);
      }
      expect(new Set(bag.items())).toEqual(model);
      expect(bag.size).toBe(model.size);
    }
    expect(new Set(bag.empty())).toEqual(model);
    expect(bag.size).toBe(0);
    expect(items.map(({ place }) => place)).toEqual(items.map(() => NOWHERE));
  },
);

test('what has left it is garbage at once', () => {
  const bag = new Bag();
  const held = heldByGarbage(
    (item) => bag.add(item),
    (item) => bag.delete(item),
  );
  expect(held).toBeLessThan(3);
});
