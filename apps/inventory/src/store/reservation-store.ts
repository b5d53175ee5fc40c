import { createBatcher, type BatcherLimits, type Database } from '@stampede/postgres';
import type { Reservations } from '../domain/ports.ts';
import { decideBatch } from './decide-batch.ts';

/** Verdicts in Postgres, decided in batches: requests that come while a batch is at work are decided together in the next. */
export function createReservationStore(database: Database, limits?: () => BatcherLimits): Reservations {
  const batcher = createBatcher({ run: decideBatch.bind(undefined, database), ...(limits && { limits }) });
  return { decide: (request, signal) => batcher.add(request, signal) };
}
