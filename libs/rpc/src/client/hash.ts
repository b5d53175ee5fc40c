/** 32 bits of a text (FNV-1a), the same in every process. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The bits of a number spread over all 32 (the end of MurmurHash3): near numbers end far apart. */
export function mix(bits: number): number {
  let mixed = bits | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** `mix` with a seed of its own: whoever chooses the numbers does not know where they end. */
export function seededHash(): (bits: number) => number {
  const seed = Math.floor(Math.random() * 2 ** 32);
  return (bits) => mix(bits ^ seed);
}
