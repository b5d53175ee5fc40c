/**
 * The keys a request names. Keys are kept as binary strings (one character a byte): they compare in byte order and serve as map keys.
 * `to` is exclusive; undefined means every key from `from` on.
 */
export type KeyRange =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'span'; readonly from: string; readonly to: string | undefined };

export function binaryKey(key: Buffer): string {
  return key.toString('latin1');
}

/** `key` alone without a range end; every key from `key` on with the range end "\0"; [key, rangeEnd) otherwise. */
export function keyRange(key: Buffer, rangeEnd: Buffer): KeyRange {
  if (rangeEnd.length === 0) return { kind: 'key', key: binaryKey(key) };
  const openEnded = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return { kind: 'span', from: binaryKey(key), to: openEnded ? undefined : binaryKey(rangeEnd) };
}
