import { controlRule, lengthRule } from './text-rules.ts';

/** RFC 5321, 4.5.3.1.3: a path of 256 octets has two angle brackets. */
const MAX = 254;

/**
 * The address that a browser's e-mail field takes, with a dot in its domain. ASCII alone: an international domain is written as
 * `xn--…`, so that no look-alike letter makes a second address of the same looks.
 * @see https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
 */
const ADDRESS =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;

/** An address as it is shown: without the spaces that were typed around it. */
export function displayedEmail(typed: string): string {
  return typed.trim();
}

/** What makes two addresses one account's. Ignores case, as every large mail provider does. */
export function emailKey(typed: string): string {
  return displayedEmail(typed).toLowerCase();
}

/** What is wrong with an address to register. */
export function emailRule(typed: string): string | undefined {
  const email = displayedEmail(typed);
  return lengthRule(email, 1, MAX) ?? (ADDRESS.test(email) ? undefined : 'must be an e-mail address');
}

/** What is wrong with an address to log in with: only what cannot be looked up, since all else must look like any unknown address. */
export function knownEmailRule(typed: string): string | undefined {
  const email = displayedEmail(typed);
  return lengthRule(email, 1, MAX) ?? controlRule(email);
}
