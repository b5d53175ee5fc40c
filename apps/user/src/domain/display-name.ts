import { controlRule, lengthRule } from './text-rules.ts';

const MAX = 100;

/** Turns the text around it about, so that a name could rewrite what stands beside it. */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/u;

/** Something that can be seen. */
const VISIBLE = /[^\p{Z}\p{C}]/u;

/** A name as it is kept. */
export function displayedName(typed: string): string {
  return typed.trim();
}

/** What is wrong with a name to show. */
export function displayNameRule(typed: string): string | undefined {
  const name = displayedName(typed);
  const wrong = lengthRule(name, 1, MAX) ?? controlRule(name);
  if (wrong !== undefined) return wrong;
  if (BIDI.test(name)) return 'must not change the direction of text';
  return VISIBLE.test(name) ? undefined : 'must have a character that can be seen';
}
