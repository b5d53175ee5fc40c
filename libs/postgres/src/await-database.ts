import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@stampede/errors';
import { isConnectionLost, readableError, sqlState } from './database-error.ts';
import type { DatabaseLog } from './database-log.ts';

export interface AwaitDatabaseOptions {
  readonly log: DatabaseLog;
  /** How long a database that is away, or starting up, is waited for; 60,000 if absent. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const AWAY: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'DATABASE_BUSY',
  'DATABASE_CONTENDED',
  'COMMIT_UNKNOWN',
  'MIGRATIONS_MISSING',
]);
const PAUSE_MS = 100;
/** Failures until it is said. */
const QUIETLY = 10;

/**
 * Does what a process needs of its database before it can serve, and again while the database is away: `work` must bear repetition.
 *
 * @example const clock = await awaitDatabase(() => createDatabaseClock(database), { log });
 */
export async function awaitDatabase<T>(
  work: () => Promise<T>,
  { log, waitMs = 60_000, signal }: AwaitDatabaseOptions,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || performance.now() > deadline) throw readableError(error);
      if (attempt === QUIETLY) log.info({ err: error }, 'waiting for the database');
    }
    await sleep(PAUSE_MS, undefined, signal && { signal });
  }
}

function isAway(error: unknown): boolean {
  return AWAY.has(AppError.from(error).reason) || isConnectionLost(error) || sqlState(error) === '53300';
}
