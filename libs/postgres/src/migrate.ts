import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { isConnectionLost, readableError, sqlState } from './database-error.ts';
import type { DatabaseLog } from './database-log.ts';

export interface MigrateOptions {
  readonly url: string;
  /** The folder of `<number>_<name>.sql` files, run in that order, each in the one transaction of the whole run. */
  readonly directory: string | URL;
  readonly log: DatabaseLog;
  /** How long a server that is not there yet, or starting up, is waited for; 60,000 if absent. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Thrown when a migration that ran already has another content now: the database would not be what the files say. Write a new migration
 * instead.
 */
export class MigrationAlteredError extends Error {
  override readonly name = 'MigrationAlteredError';
}

/** Which instance migrates: a session lock that all of this database share. */
const LOCK = 0x57a3_9ede;

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
  const client = new pg.Client({ connectionString: url, application_name: 'migrate', connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the statement under way rejects with it
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
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
    await client.end().catch(() => undefined); // the lock goes with the session
  }
}

const quiet = () => undefined;

/**
 * node-pg-migrate knows the files that ran by name and order; their content is ours to compare. A checksum is written before its migration
 * runs, and counts only once it has run.
 */
async function checkHistory(client: pg.Client, folder: string): Promise<void> {
  await client.query('CREATE TABLE IF NOT EXISTS migration_checksums (name text PRIMARY KEY, sha256 text NOT NULL)');
  const { rows } = await client.query<{ name: string; sha256: string }>('SELECT name, sha256 FROM migration_checksums');
  const known = new Map(rows.map(({ name, sha256 }) => [name, sha256]));
  const table = await client.query<{ there: boolean }>(`SELECT to_regclass('public.migrations') IS NOT NULL AS there`);
  const ran = new Set(
    table.rows[0]?.there === true
      ? (await client.query<{ name: string }>('SELECT name FROM public.migrations')).rows.map(({ name }) => name)
      : [],
  );
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql'))) {
    const name = file.slice(0, -'.sql'.length);
    const sha256 = createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
    if (known.get(name) === sha256) continue;
    if (ran.has(name) && known.has(name)) {
      throw new MigrationAlteredError(`${file} was changed after it ran: undo the change and write a new migration`);
    }
    await client.query(
      'INSERT INTO migration_checksums (name, sha256) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256',
      [name, sha256],
    );
  }
}
