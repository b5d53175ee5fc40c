import { useDatabase } from '@stampede/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase, type Database } from './index.ts';
import {
  boolArray,
  byteaArray,
  float8Array,
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestampArray,
  uuidArray,
} from './array-parameters.ts';

let db: Database;
beforeAll(async () => {
  const { url } = await useDatabase('arrays');
  db = connectDatabase({ url, applicationName: 'spec' });
});
afterAll(() => db.close());

/** What Postgres reads, as one row a value. */
async function readBack(type: string, parameter: Buffer): Promise<unknown[]> {
  const rows = await db.query<{ v: unknown }>(
    `SELECT v FROM unnest($1::${type}[]) WITH ORDINALITY AS t (v, n) ORDER BY n`,
    [parameter],
  );
  return rows.map(({ v }) => v);
}

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed());
const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const int8 = fc.maxSafeInteger();

test.each<[string, fc.Arbitrary<unknown>, (values: never) => Buffer]>([
  ['uuid', fc.uuid(), uuidArray],
  ['text', text, textArray],
  ['jsonb', fc.dictionary(text, fc.oneof(text, int8)), jsonbArray],
  ['bytea', fc.uint8Array().map((bytes) => Buffer.from(bytes)), byteaArray],
  ['integer', fc.integer(), int4Array],
  ['bigint', int8, int8Array],
  ['double precision', fc.double({ noNaN: true }), float8Array],
  ['boolean', fc.boolean(), boolArray],
  ['timestamptz', date, timestampArray],
])('%s: Postgres reads what was written, NULLs and no value at all included', async (type, arbitrary, encode) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(arbitrary), { maxLength: 300 }), async (values) => {
      expect(await readBack(type, encode(values as never))).toEqual(values);
    }),
    { numRuns: 40, examples: type === 'double precision' ? [[[-0, 0, null]]] : [] },
  );
});

test('an array larger than any before grows, and the one before stays as it was', async () => {
  const first = textArray(['first']);
  const large = 'ä'.repeat(300_000);
  expect(await readBack('text', textArray([large, 'x']))).toEqual([large, 'x']);
  expect(await readBack('text', first)).toEqual(['first']);
});

test.each([
  ['a UUID', () => uuidArray(['0199-no'])],
  ['a UUID (short)', () => uuidArray(['01990000-0000-7000-8000-00000000000'])],
  ['a UUID (g)', () => uuidArray(['01990000-0000-7000-8000-00000000000g'])],
  ['a UUID (not ASCII)', () => uuidArray(['01990000-0000-7000-8000-00000000000\u0130'])],
  ['a UUID (not Latin)', () => uuidArray(['01990000-0000-7000-8000-00000000000\u4e30'])],
  ['a UUID (dashes elsewhere)', () => uuidArray(['0199-0000-0000-7000-8000-000000000000'])],
  ['a UUID (no dash)', () => uuidArray(['01990000a0000-7000-8000-00000000000'])],
  ['an int4', () => int4Array([2 ** 31])],
  ['an integer', () => int8Array([0.5])],
  ['a safe integer', () => int8Array([2 ** 53])],
  ['a date', () => timestampArray([new Date(Number.NaN)])],
])('what is not %s is refused before it is sent', (_what, encode) => {
  expect(encode).toThrow(/ is no |invalid/);
});
