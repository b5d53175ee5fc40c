/** Rules of text that people type. A rule answers what is wrong in words that follow the field's name, or `undefined`. */

/** Counted in code points, as people count; longer texts are refused unread. */
export function lengthRule(text: string, min: number, max: number): string | undefined {
  if (text.length === 0) return 'is required';
  const count = text.length > 2 * max ? Infinity : Array.from(text).length;
  if (count > max) return `must have at most ${max} characters`;
  return count < min ? `must have at least ${min} characters` : undefined;
}

/**
 * Control characters (NUL above all, which Postgres cannot keep), line and paragraph separators, and half a surrogate pair.
 * Sets apart from format characters, which emoji need.
 */
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

export function controlRule(text: string): string | undefined {
  return CONTROL.test(text) ? 'must not have control characters' : undefined;
}
