import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '@stampede/errors';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { awaitDatabase, type AwaitDatabaseOptions } from './await-database.ts';
import type { DatabaseLog } from './database-log.ts';
import { ANSWER_MS, checkHistory, isUpToDate, quickly } from './migration-history.ts';

export interface MigrateOptions extends AwaitDatabaseOptions {
  readonly url: string;
  /** The folder of `<number>_<name>.sql` files, run in that order, each in the one transaction of the whole run. */
  readonly directory: string | URL;
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
export function migrate({ url, directory, ...waiting }: MigrateOptions): Promise<void> {
  const folder = typeof directory === 'string' ? directory : fileURLToPath(directory);
  return awaitDatabase(() => migrateOnce(url, folder, waiting.log), waiting);
}

/**
 * Waits until all of these migrations have run, by somebody else's doing (a job that runs before the service does). Those of a later version may have run
 * too.
 *
 * @throws AppError UNAVAILABLE/MIGRATIONS_MISSING when they have not in time.
 */
export function awaitMigrations({ url, directory, ...waiting }: MigrateOptions): Promise<void> {
  const folder = typeof directory === 'string' ? directory : fileURLToPath(directory);
  return awaitDatabase(
    () =>
      onConnection(url, async (client) => {
        if (await isUpToDate(client, folder)) return;
        throw new AppError('UNAVAILABLE', 'MIGRATIONS_MISSING', 'not all migrations have run in this database yet');
      }),
    waiting,
  );
}

async function onConnection(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
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
    await work(client);
  } finally {
    // The lock goes with the session; a server that does not even hear the farewell ends it by itself.
    await Promise.race([client.end().catch(() => undefined), sleep(ANSWER_MS, undefined, { ref: false })]);
  }
}

function migrateOnce(url: string, folder: string, log: DatabaseLog): Promise<void> {
  return onConnection(url, async (client) => {
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
  });
}

const quiet = () => undefined;
