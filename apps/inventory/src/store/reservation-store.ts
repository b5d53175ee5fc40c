import { createBatcher, type BatcherLimits } from '@stampede/batching';
import type { Database } from '@stampede/postgres';
import type { Crash } from '../domain/crash-points.ts';
import type { Answer, Request } from '../domain/decide.ts';
import type { Reservations } from '../domain/ports.ts';
import { commitHeld } from './commit-held.ts';
import { decideBatch } from './decide-batch.ts';

export interface ReservationStoreOptions {
  readonly limits?: () => BatcherLimits;
  /** Called at each of CRASH_POINTS; for proofs. */
  readonly crash?: Crash | undefined;
}

/** Verdicts in Postgres, decided in batches: requests that come while a batch is at work are decided together in the next. */
export function createReservationStore(
  database: Database,
  { limits, crash }: ReservationStoreOptions = {},
): Reservations {
  const batcher = createBatcher<Request, Answer>({
    run: (requests) => decideBatch(database, requests, crash),
    ...(limits && { limits }),
  });
  return {
    decide: (request, signal) => batcher.add(request, signal),
    commitHeld: (orderIds) => commitHeld(database, orderIds, crash),
  };
}
