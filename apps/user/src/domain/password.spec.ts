import { expect, test } from 'vitest';
import { hashedForm, newPasswordRule, passwordRule } from './password.ts';

test.each([
  '12345678',
  'correct horse battery staple',
  '😀'.repeat(8),
  'x'.repeat(128),
  '😀'.repeat(128),
  '   \u00a0    ',
])('a new password may be %j', (password) => {
  expect(newPasswordRule(password)).toBeUndefined();
});

test.each([
  ['', 'is required'],
  ['1234567', 'must have at least 8 characters'],
  ['😀'.repeat(7), 'must have at least 8 characters'],
  ['x'.repeat(129), 'must have at most 128 characters'],
  ['x'.repeat(1_000_000), 'must have at most 128 characters'],
  ['pass\u0000word', 'must not have control characters'],
  ['password\ud800', 'must not have control characters'],
])('a new password may not be %j', (password, description) => {
  expect(newPasswordRule(password)).toBe(description);
});

test('a password to check may be short, but nothing that is too long to be one', () => {
  expect(passwordRule('short')).toBeUndefined();
  expect(passwordRule('')).toBe('is required');
  expect(passwordRule('x'.repeat(129))).toBe('must have at most 128 characters');
});

test('the same letters hash alike, however the keyboard wrote them', () => {
  expect(hashedForm('cafe\u0301')).toBe(hashedForm('caf\u00e9'));
});
