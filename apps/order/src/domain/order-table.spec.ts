import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { OrderTable } from './order-table.ts';

const id = fc.oneof(fc.nat(40).map(String), fc.uuid());

test.prop([fc.array(fc.tuple(fc.boolean(), id), { maxLength: 300 })])(
  'finds what a Map would find, whatever comes and goes',
  (steps) => {
    const table = new OrderTable<{ readonly id: string }>();
    const model = new Map<string, { readonly id: string }>();
    for (const [comes, each] of steps) {
      const entry = { id: each };
      const before = model.get(each);
      if (comes) {
        model.set(each, entry);
        table.set(entry);
      } else {
        table.delete(entry); // not the one that is in there
        expect(table.get(each)).toBe(before);
        model.delete(each);
        if (before !== undefined) table.delete(before);
      }
      expect(table.size).toBe(model.size);
    }
    for (const [, each] of steps) expect(table.get(each)).toBe(model.get(each));
    expect(new Set(table.entries())).toEqual(new Set(model.values()));
  },
);

test('thousands at once are found, and leave no trace of each other', () => {
  const table = new OrderTable<{ readonly id: string }>();
  const entries = Array.from({ length: 4_000 }, (_, n) => ({ id: `order-${n}` }));
  for (const entry of entries) table.set(entry);
  for (const entry of entries.slice(0, 2_000)) table.delete(entry);
  expect(entries.map((entry) => table.get(entry.id))).toEqual(
    entries.map((entry, n) => (n < 2_000 ? undefined : entry)),
  );
  expect(table.size).toBe(2_000);
});

test('what has left it is garbage at once', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;
  const table = new OrderTable<{ readonly id: string; readonly ballast: readonly number[] }>();
  const inside: { readonly id: string; readonly ballast: readonly number[] }[] = [];
  const turns = (from: number, to: number) => {
    for (let n = from; n < to; n += 1) {
      const entry = { id: `order-${n}`, ballast: Array.from({ length: 250 }, () => n) };
      table.set(entry);
      inside.push(entry);
      const oldest = inside.length > 64 ? inside.shift() : undefined;
      if (oldest !== undefined) table.delete(oldest);
      if (n % 500 === 0) collect({ type: 'minor' });
    }
  };
  turns(0, 1_000);
  collect();
  collect();
  const before = process.memoryUsage().heapUsed;
  turns(1_000, 7_000);
  collect({ type: 'minor' });
  collect({ type: 'minor' });
  // With a Map in its place all 12 MiB are still there.
  expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(3);
});
