import { expect, test } from 'vitest';
import { chooseCoding } from './accept-encoding.ts';

test.each([
  [undefined, undefined, false],
  ['', undefined, false],
  ['gzip', 'gzip', false],
  ['gzip, br', 'br', false],
  ['GZIP;Q=0.5', 'gzip', false],
  ['gzip;q=1, br;q=0.9', 'gzip', false],
  ['gzip;q=0.001', 'gzip', false],
  ['*', 'br', false],
  ['br;q=0, *', 'gzip', false],
  ['x-gzip', 'gzip', false],
  ['deflate, zstd', undefined, false],
  ['gzip;q=0, br;q=0', undefined, false],
  ['identity', undefined, false],
  ['identity;q=1, gzip;q=0.5', undefined, false],
  ['identity;q=0.5, gzip;q=0.5', 'gzip', false],
  ['identity;q=0, gzip', 'gzip', true],
  ['gzip, *;q=0', 'gzip', true],
  ['*;q=0', undefined, false],
  ['identity;q=0', undefined, false],
  ['gzip;q=2', undefined, false],
  ['gzip;q=x, br;q=0.3', 'br', false],
  ['gzip;level=9', undefined, false],
  [',, ;q=1, br ;q=1.000 ,', 'br', false],
])('%j is answered %s', (header, coding, needed) => {
  expect(chooseCoding(header, ['br', 'gzip'])).toEqual({ coding, needed });
});
