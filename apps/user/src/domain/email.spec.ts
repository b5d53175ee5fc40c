import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { displayedEmail, emailKey, emailRule, knownEmailRule } from './email.ts';

test.each([
  'ann@example.com',
  'Ann.Lee+shop@Example.co.uk',
  "o'neil_{1}@sub.example.org",
  'operator@stampede.local',
  `${'a'.repeat(64)}@example.com`,
  'x@xn--bcher-kva.example',
])('takes %s', (email) => {
  expect(emailRule(email)).toBeUndefined();
});

test.each([
  ['', 'is required'],
  ['   ', 'is required'],
  ['ann', 'must be an e-mail address'],
  ['@example.com', 'must be an e-mail address'],
  ['ann@', 'must be an e-mail address'],
  ['ann@localhost', 'must be an e-mail address'],
  ['ann@@example.com', 'must be an e-mail address'],
  ['ann lee@example.com', 'must be an e-mail address'],
  ['ann@exa_mple.com', 'must be an e-mail address'],
  ['ann@-example.com', 'must be an e-mail address'],
  ['ann@example..com', 'must be an e-mail address'],
  ['ann@example.com\u0000', 'must be an e-mail address'],
  ['ann\r\nbcc: all@example.com', 'must be an e-mail address'],
  ['\u0430nn@example.com', 'must be an e-mail address'],
  ['ann@ex\u0430mple.com', 'must be an e-mail address'],
  ['😀@example.com', 'must be an e-mail address'],
  [`${'a'.repeat(65)}@example.com`, 'must be an e-mail address'],
  [`ann@${'a.'.repeat(125)}com`, 'must have at most 254 characters'],
  ['a'.repeat(1_000_000), 'must have at most 254 characters'],
])('refuses %j', (email, description) => {
  expect(emailRule(email)).toBe(description);
});

property.prop([fc.emailAddress()])('case and the spaces around an address do not tell accounts apart', (email) => {
  expect(emailKey(` ${email.toUpperCase()}\t`)).toBe(emailKey(email));
  expect(displayedEmail(` ${email} `)).toBe(email);
});

property.prop([fc.string({ unit: 'binary' })])(
  'an accepted address is plain printable ASCII of at most 254',
  (text) => {
    const email = `${text}@example.com`;
    if (emailRule(email) === undefined) expect(displayedEmail(email)).toMatch(/^[!-~]{1,254}$/);
  },
);

test('what can be looked up at all is not refused at log-in', () => {
  expect(knownEmailRule('not an address')).toBeUndefined();
  expect(knownEmailRule('')).toBe('is required');
  expect(knownEmailRule('a\u0000b')).toBe('must not have control characters');
  expect(knownEmailRule('a'.repeat(255))).toBe('must have at most 254 characters');
});
