import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { CARELESS, startTestPostgres } from './test-postgres.ts';

export interface TestDatabase {
  /** As the owner of the database, who may do nothing outside it. */
  readonly url: string;
  /** As superuser, on the same database: to look from outside, or to cut connections off. */
  readonly adminUrl: string;
  /** The name of the database and of its owner. */
  readonly name: string;
  /** Removes it, with whoever is still connected; unneeded on an embedded server, which goes as a whole. */
  readonly drop: () => Promise<void>;
}

let shared: Promise<string> | undefined;

/**
 * A fresh, empty database with an owner of its own: on the server of `STAMPEDE_TEST_POSTGRES` (a superuser's URL) if that is set, else on
 * one embedded server that the whole test run shares (with `vitest-setup.ts`, else this process). There, `fsync` is off.
 *
 * @example const { url } = await useDatabase('inventory'); const database = connectDatabase({ url, applicationName: 'test' });
 */
export async function useDatabase(name: string): Promise<TestDatabase> {
  const server = process.env['STAMPEDE_TEST_POSTGRES'] ?? (await (shared ??= sharedServer()));
  const unique = `test_${name.replaceAll(/[^a-z0-9]+/gi, '_').toLowerCase()}_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await asAdmin(server, [
    `CREATE ROLE ${unique} LOGIN PASSWORD '${password}'`,
    `CREATE DATABASE ${unique} OWNER ${unique}`,
    `REVOKE CONNECT, TEMPORARY ON DATABASE ${unique} FROM PUBLIC`,
  ]);
  const on = (user?: string) => {
    const url = new URL(server);
    url.pathname = `/${unique}`;
    if (user !== undefined) [url.username, url.password] = [user, password];
    return url.href;
  };
  return {
    url: on(unique),
    adminUrl: on(),
    name: unique,
    drop: () => asAdmin(server, [`DROP DATABASE IF EXISTS ${unique} WITH (FORCE)`, `DROP ROLE IF EXISTS ${unique}`]),
  };
}

async function sharedServer(): Promise<string> {
  const keeper = process.env['STAMPEDE_TEST_KEEPER'];
  if (keeper === undefined) return (await startTestPostgres({ settings: CARELESS })).adminUrl;
  const answer = await fetch(keeper);
  if (!answer.ok) throw new Error(`the test Postgres did not start: ${await answer.text()}`);
  return answer.text();
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}
