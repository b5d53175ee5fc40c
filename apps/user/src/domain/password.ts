import { controlRule, lengthRule } from './text-rules.ts';

const MIN = 8;
const MAX = 128;

/** What is wrong with a password to set. Anything but control characters may be in it (RFC 8265, 4.2). */
export function newPasswordRule(password: string): string | undefined {
  return lengthRule(password, MIN, MAX) ?? controlRule(password);
}

/** What is wrong with a password to check: only what no account can have, so that no hashing is spent on it. */
export function passwordRule(password: string): string | undefined {
  return lengthRule(password, 1, MAX) ?? controlRule(password);
}

/** The form that is hashed: keyboards write the same letter in several ways (NIST SP 800-63B, 3.1.1.2). */
export function hashedForm(password: string): string {
  return password.normalize('NFKC');
}
