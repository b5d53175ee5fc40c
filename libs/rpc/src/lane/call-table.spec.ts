import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { heldByGarbage } from '../specs/young-garbage.ts';
import { CallTable } from './call-table.ts';

const id = fc.oneof(fc.nat(40), fc.integer({ min: 1, max: 2 ** 31 - 1 }));

test.prop([fc.array(fc.tuple(fc.boolean(), id), { maxLength: 300 })])(
  'finds what a Map would find, whatever comes and goes',
  (steps) => {
    const table = new CallTable<{ readonly id: number }>();
    const model = new Map<number, { readonly id: number }>();
    for (const [comes, each] of steps) {
      if (!comes) expect(table.delete(each)).toBe(model.delete(each));
      else if (!model.has(each)) {
        const call = { id: each };
        model.set(each, call);
        table.add(call);
      }
      expect(table.size).toBe(model.size);
    }
    for (const [, each] of steps) expect(table.get(each)).toBe(model.get(each));
    expect(new Set(table.calls())).toEqual(new Set(model.values()));
    table.clear();
    expect(table.size).toBe(0);
    expect(table.calls()).toEqual([]);
  },
);

test('thousands at once are found, and leave no trace of each other', () => {
  const table = new CallTable<{ readonly id: number }>();
  for (let each = 1; each <= 4_000; each += 1) table.add({ id: each * 4_096 });
  for (let each = 1; each <= 4_000; each += 2) expect(table.delete(each * 4_096)).toBe(true);
  for (let each = 1; each <= 4_000; each += 1) expect(table.get(each * 4_096) !== undefined).toBe(each % 2 === 0);
});

test('what has left it is garbage at once', () => {
  const table = new CallTable<{ readonly id: number }>();
  const held = heldByGarbage(
    (item) => table.add(item),
    ({ id }) => table.delete(id),
  );
  expect(held).toBeLessThan(3);
});
