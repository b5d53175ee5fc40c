import type { Database } from '@stampede/postgres';
import type { Crash } from '../domain/crash-points.ts';
import type { Verdicts } from '../domain/ports.ts';
import { commitHeld } from './commit-held.ts';
import { decideBatch } from './decide-batch.ts';
import { holdAll } from './hold-all.ts';

/** Verdicts in Postgres. `crash` is called at each of CRASH_POINTS; for proofs. */
export function createVerdictStore(database: Database, crash?: Crash): Verdicts {
  return {
    holdAll: (requests) => holdAll(database, requests, crash),
    decide: (requests) => decideBatch(database, requests, crash),
    commitHeld: (orderIds) => commitHeld(database, orderIds, crash),
  };
}
