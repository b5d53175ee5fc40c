import { expect, test } from 'vitest';
import { migratesAtStart } from './migrations.ts';

test.each([
  [undefined, true],
  ['', true],
  ['true', true],
  ['false', false],
])('MIGRATE_AT_START=%s', (value, expected) => {
  expect(migratesAtStart({ MIGRATE_AT_START: value })).toBe(expected);
});

test('anything else is refused by name', () => {
  expect(() => migratesAtStart({ MIGRATE_AT_START: 'no' })).toThrow('MIGRATE_AT_START must be true or false');
});
