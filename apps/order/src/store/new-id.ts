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

/** The generator writes its ids digit by digit, which costs as much as all the rest. */
function textOf(bytes: Readonly<Uint8Array>): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
