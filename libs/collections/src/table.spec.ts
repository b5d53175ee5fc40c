import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Table } from './index.ts';
import { heldByGarbage } from './specs/young-garbage.ts';

interface Entry {
  readonly id: number;
}

/** Many ids share a home. */
const crowded = (id: number) => id >>> 2;
const newTable = () => new Table<number, Entry>(crowded);
const id = fc.oneof(fc.nat(40), fc.integer({ min: 1, max: 2 ** 31 - 1 }));

test.prop([fc.array(fc.tuple(fc.boolean(), id), { maxLength: 300 })])(
  'finds what a Map would find, whatever comes and goes',
  (steps) => {
    const table = newTable();
    const model = new Map<number, Entry>();
    for (const [comes, each] of steps) {
      const entry = { id: each };
      const before = model.get(each);
      if (comes) {
        model.set(each, entry);
        table.set(entry);
      } else {
        expect(table.delete(entry)).toBe(false); // not the one that is in there
        expect(table.get(each)).toBe(before);
        model.delete(each);
        if (before !== undefined) expect(table.delete(before)).toBe(true);
      }
      expect(table.size).toBe(model.size);
    }
    for (const [, each] of steps) expect(table.get(each)).toBe(model.get(each));
    expect(new Set(table.entries())).toEqual(new Set(model.values()));
    table.clear();
    expect(table.size).toBe(0);
    expect(table.entries()).toEqual([]);
  },
);

test('thousands at once are found, and leave no trace of each other', () => {
  const table = newTable();
  const entries = Array.from({ length: 4_000 }, (_, n) => ({ id: n * 64 }));
  for (const entry of entries) table.set(entry);
  for (const entry of entries.slice(0, 2_000)) table.delete(entry);
  expect(entries.map((entry) => table.get(entry.id))).toEqual(
    entries.map((entry, n) => (n < 2_000 ? undefined : entry)),
  );
  expect(table.size).toBe(2_000);
});

test('what has left it is garbage at once', () => {
  const table = newTable();
  const held = heldByGarbage(
    (item) => table.set(item),
    (item) => table.delete(item),
  );
  expect(held).toBeLessThan(3);
});
