import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';
import type { DatabaseClock } from './database-clock.ts';

/**
 * Makes UUIDv7s that bear the database's time, so that the order of ids is the order of events whichever instance made them. Where that time
 * steps back by less than ten seconds, ids go on counting.
 */
export function createIdMaker(clock: DatabaseClock): () => string {
  const generator = new V7Generator({ nextUint32: createRandomWords() });
  return () => textOf(generator.generateOrResetWithTs(clock.now()).bytes);
}

/** Words of the system's randomness, drawn a thousand at a time: the generator's own way draws eight. */
function createRandomWords(): () => number {
  const words = new Uint32Array(1_024);
  let used = words.length;
  return () => {
    if (used === words.length) {
      randomFillSync(words);
      used = 0;
    }
    return words[used++] as number;
  };
}

const DIGITS = Buffer.from('0123456789abcdef');
/** Where an id is written, its dashes already in place. */
const text = Buffer.alloc(36, '-');

/** The generator puts its ids together of single characters, which costs as much as all the rest. */
function textOf(bytes: Readonly<Uint8Array>): string {
  let at = 0;
  for (let index = 0; index < 16; index += 1) {
    const byte = bytes[index] as number;
    if (index === 4 || index === 6 || index === 8 || index === 10) at += 1;
    text[at++] = DIGITS[byte >> 4] as number;
    text[at++] = DIGITS[byte & 15] as number;
  }
  return text.toString('latin1');
}
