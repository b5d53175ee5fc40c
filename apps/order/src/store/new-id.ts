import { V7Generator } from 'uuidv7';
import type { DatabaseClock } from './database-clock.ts';

/**
 * Makes UUIDv7s that bear the database's time, so that the order of ids is the order of events whichever instance made them. Where that time
 * steps back by less than ten seconds, ids go on counting.
 */
export function createIdMaker(clock: DatabaseClock): () => string {
  const generator = new V7Generator();
  return () => generator.generateOrResetWithTs(clock.now()).toString();
}
