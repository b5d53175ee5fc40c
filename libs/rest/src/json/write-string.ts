/** Text that JSON takes as it is: no quote, backslash, control character or surrogate (a lone one must be escaped). */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** A JSON string. Most need no escape, and testing for that is cheaper than JSON.stringify. */
export function writeString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
