import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

/** Milliseconds in which a server that is there answers what takes no time. */
export const ANSWER_MS = 5_000;

/**
 * Thrown when a migration that ran already has another content now: the database would not be what the files say. Write a new migration
 * instead.
 */
export class MigrationAlteredError extends Error {
  override readonly name = 'MigrationAlteredError';
}

/** A statement that only reads a little, or writes a row; a server that does not answer it is away. How long migrations take is their own affair. */
export async function quickly<Row extends object>(
  client: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const query = { text, values: [...values], query_timeout: ANSWER_MS };
  return (await client.query<Row>(query)).rows;
}

/** Whether every file has run as it is. */
export async function isUpToDate(client: pg.Client, folder: string): Promise<boolean> {
  const known = await checksumsOf(client);
  const ran = await namesThatRan(client);
  const files = await filesOf(folder);
  return files.every(({ name, sha256 }, index) => ran[index] === name && known.get(name) === sha256);
}

async function namesThatRan(client: pg.Client): Promise<readonly string[]> {
  if (!(await isTable(client, 'public.migrations'))) return [];
  return (await quickly<{ name: string }>(client, 'SELECT name FROM public.migrations ORDER BY run_on, id')).map(
    ({ name }) => name,
  );
}

async function checksumsOf(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  if (!(await isTable(client, 'migration_checksums'))) return new Map();
  const rows = await quickly<{ name: string; sha256: string }>(client, 'SELECT name, sha256 FROM migration_checksums');
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]));
}

async function isTable(client: pg.Client, name: string): Promise<boolean> {
  const [row] = await quickly<{ there: boolean }>(client, 'SELECT to_regclass($1) IS NOT NULL AS there', [name]);
  return row?.there === true;
}

/** In the order in which they run. */
async function filesOf(folder: string): Promise<readonly { readonly name: string; readonly sha256: string }[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.sql'.length),
      sha256: createHash('sha256')
        .update(await readFile(join(folder, file)))
        .digest('hex'),
    })),
  );
}

/**
 * node-pg-migrate knows the files that ran by name and order; their content is ours to compare. A checksum is written before its migration
 * runs, and counts only once it has run.
 */
export async function checkHistory(client: pg.Client, folder: string): Promise<void> {
  await quickly(client, 'CREATE TABLE IF NOT EXISTS migration_checksums (name text PRIMARY KEY, sha256 text NOT NULL)');
  const known = await checksumsOf(client);
  const ran = new Set(await namesThatRan(client));
  for (const { name, sha256 } of await filesOf(folder)) {
    if (known.get(name) === sha256) continue;
    if (ran.has(name) && known.has(name)) {
      throw new MigrationAlteredError(
        `${name}.sql was changed after it ran: undo the change and write a new migration`,
      );
    }
    await quickly(
      client,
      'INSERT INTO migration_checksums (name, sha256) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256',
      [name, sha256],
    );
  }
}
