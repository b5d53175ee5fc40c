import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { isConnectionLost, readableError, sqlState } from './database-error.ts';
import type { DatabaseLog } from './database-log.ts';
import { ANSWER_MS, checkHistory, isUpToDate, quickly } from './migration-history.ts';

export interface MigrateOptions {
  readonly url: string;
  /** The folder of `<number>_<name>.sql` files, run in that order, each in the one transaction of the whole run. */
  readonly directory: string | URL;
  readonly log: DatabaseLog;
  /** How long a server that is not there yet, or starting up, is waited for; 60,000 if absent. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** Which instance migrates: a session lock that all of this database share. */
const LOCK = 0x57a3_9ede;
/** Milliseconds after which Postgres ends the session of one that says nothing any more. */
const SILENT_MS = 10_000;

/**
 * Brings the schema up to date. Several instances may start at once: one runs what is missing, the others wait for it. All or nothing is
 * committed.
 *
 * @throws MigrationAlteredError when a file that ran was changed afterwards.
 * @example await migrate({ url, directory: new URL('./store/migrations/', import.meta.url), log });
 */
export async function migrate({ url, directory, log, waitMs = 60_000, signal }: MigrateOptions): Promise<void> {
  const folder = typeof directory === 'string' ? directory : fileURLToPath(directory);
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrateOnce(url, folder, log);
      return;
    } catch (error) {
      const mayCome = isConnectionLost(error) || sqlState(error) === '53300';
      if (!mayCome || performance.now() > deadline) throw readableError(error);
      if (attempt === 10) log.info({ err: error }, 'waiting for the database');
    }
    await sleep(100, undefined, signal && { signal });
  }
}

async function migrateOnce(url: string, folder: string, log: DatabaseLog): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'migrate',
    connectionTimeoutMillis: ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENT_MS,
    // Whoever is frozen in the middle loses the lock, and the others go on.
    idle_in_transaction_session_timeout: SILENT_MS,
    options: `-c idle_session_timeout=${SILENT_MS}`,
  });
  client.on('error', () => undefined); // the statement under way rejects with it
  await client.connect();
  try {
    // Most starts have nothing to run: they need not wait for those that have.
    if (await isUpToDate(client, folder)) return;
    while (
      !(await quickly<{ locked: boolean }>(client, 'SELECT pg_try_advisory_lock($1) AS locked', [LOCK]))[0]?.locked
    ) {
      await sleep(100);
    }
    await checkHistory(client, folder);
    const ran = await runner({
      dbClient: client,
      dir: folder,
      ignorePattern: String.raw`(?!.*\.sql$).*`,
      direction: 'up',
      migrationsTable: 'migrations',
      noLock: true,
      checkOrder: true,
      singleTransaction: true,
      logger: { debug: quiet, info: quiet, warn: quiet, error: (message: string) => log.warn({}, message) },
    });
    if (ran.length > 0) log.info({ migrations: ran.map(({ name }) => name) }, 'migrated the database');
  } finally {
    // The lock goes with the session; a server that does not even hear the farewell ends it by itself.
    await Promise.race([client.end().catch(() => undefined), sleep(ANSWER_MS, undefined, { ref: false })]);
  }
}

const quiet = () => undefined;
