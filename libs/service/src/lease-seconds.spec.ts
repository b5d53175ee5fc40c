import { expect, test } from 'vitest';
import { leaseSecondsOf } from './lease-seconds.ts';

test.each([
  [undefined, 10],
  ['', 10],
  ['2', 2],
  ['600', 600],
])('%j is %i seconds', (REGISTRATION_LEASE_SECONDS, seconds) => {
  expect(leaseSecondsOf({ REGISTRATION_LEASE_SECONDS })).toBe(seconds);
});

test.each(['1', '601', '2.5', ' 5', 'ten'])('%j is refused by name', (REGISTRATION_LEASE_SECONDS) => {
  expect(() => leaseSecondsOf({ REGISTRATION_LEASE_SECONDS })).toThrow('REGISTRATION_LEASE_SECONDS');
});
