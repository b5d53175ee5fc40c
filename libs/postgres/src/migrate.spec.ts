import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { useDatabase } from '@stampede/testing';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { awaitMigrations, connectDatabase, migrate, MigrationAlteredError } from './index.ts';

async function setup(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  const put = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await put(name, text);
  const { url } = await useDatabase('migrate');
  const database = connectDatabase({ url, applicationName: 'spec' });
  onTestFinished(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });
  const log = { info: vi.fn(), warn: vi.fn() };
  return { url, put, folder, database, log, run: () => migrate({ url, directory: folder, log }) };
}

test('runs what is missing, in order, once, however many start at once', async () => {
  const { run, put, database, log } = await setup({
    '0001_first.sql': 'CREATE TABLE a (id int);',
    '0002_second.sql': `INSERT INTO a VALUES (1); -- needs the first`,
    'README.md': 'not a migration',
  });
  await Promise.all(Array.from({ length: 5 }, run));
  expect(await database.query('SELECT id FROM a')).toEqual([{ id: 1 }]);
  expect(log.info).toHaveBeenCalledTimes(1);

  await put('0003_third.sql', 'INSERT INTO a VALUES (2)');
  await run();
  await run();
  expect(await database.query('SELECT id FROM a ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
});

test('a migration that ran and was changed afterwards is refused, and nothing runs', async () => {
  const { run, put, database } = await setup({ '0001_first.sql': 'CREATE TABLE a (id int)' });
  await run();
  await put('0001_first.sql', 'CREATE TABLE a (id bigint)');
  await put('0002_second.sql', 'CREATE TABLE b (id int)');
  await expect(run()).rejects.toThrow(MigrationAlteredError);
  await expect(run()).rejects.toThrow('0001_first.sql was changed after it ran');
  await expect(database.query('SELECT 1 FROM b')).rejects.toThrow('does not exist');
});

test('one slipped in before those that ran is refused', async () => {
  const { run, put } = await setup({ '0002_second.sql': 'CREATE TABLE a (id int)' });
  await run();
  await put('0001_first.sql', 'CREATE TABLE b (id int)');
  await expect(run()).rejects.toThrow('0001_first');
});

test('a failing one undoes the whole run, and may be corrected', async () => {
  const { run, put, database } = await setup({
    '0001_first.sql': 'CREATE TABLE a (id int)',
    '0002_second.sql': 'CREATE TABLE oops (',
  });
  await expect(run()).rejects.toThrow('syntax error');
  await expect(database.query('SELECT 1 FROM a')).rejects.toThrow('does not exist');
  await put('0002_second.sql', 'CREATE TABLE b (id int)');
  await run();
  expect(await database.query('SELECT 1 FROM b')).toEqual([]);
});

test('a folder by its URL; a database that comes up later is waited for', async () => {
  const { url, folder, database, log } = await setup({ '0001_first.sql': 'CREATE TABLE a (id int)' });
  const { hostname, port } = new URL(url);
  const server = createServer((client) => {
    const upstream = connectSocket(Number(port), hostname);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.pipe(upstream).pipe(client);
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const late = new URL(url);
  late.port = String((server.address() as AddressInfo).port);
  await new Promise((resolve) => server.close(resolve));
  onTestFinished(() => void server.close());

  const migrating = migrate({ url: late.href, directory: pathToFileURL(`${folder}/`), log });
  await vi.waitFor(() => expect(log.info).toHaveBeenCalledWith(expect.anything(), 'waiting for the database'), 5_000);
  await listen(Number(late.port));
  await migrating;
  expect(await database.query('SELECT 1 FROM a')).toEqual([]);

  await expect(
    migrate({ url: 'postgres://a:b@127.0.0.1:1/c', directory: folder, log, waitMs: 50 }),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a start that has nothing to run does not wait for one that is frozen in the middle', async () => {
  const { run, url } = await setup({ '0001_first.sql': 'CREATE TABLE a (id int)' });
  await run();
  const frozen = new pg.Client({ connectionString: url });
  await frozen.connect();
  onTestFinished(() => frozen.end());
  await frozen.query('SELECT pg_advisory_lock($1)', [0x57a3_9ede]);
  await run();
});

test('one that says nothing any more loses the lock: its session has limits', async () => {
  const { run, database } = await setup({
    '0001_first.sql': `CREATE TABLE limits AS SELECT current_setting('idle_session_timeout') AS idle,
                         current_setting('idle_in_transaction_session_timeout') AS in_transaction`,
  });
  await run();
  expect(await database.query('SELECT * FROM limits')).toEqual([{ idle: '10s', in_transaction: '10s' }]);
});

test('a server that takes the connection and answers nothing is given up', async () => {
  const { run, url, folder, log } = await setup({ '0001_first.sql': 'CREATE TABLE a (id int)' });
  await run();
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('BEGIN; LOCK TABLE migration_checksums IN ACCESS EXCLUSIVE MODE');
  await expect(migrate({ url, directory: folder, log, waitMs: 100 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('who does not migrate waits for whoever does, and changes nothing', async () => {
  const { url, folder, database, log, run, put } = await setup({ '0001_first.sql': 'CREATE TABLE a (id int);' });
  const asked = { url, directory: folder, log };
  await expect(awaitMigrations({ ...asked, waitMs: 0 })).rejects.toMatchObject({ reason: 'MIGRATIONS_MISSING' });
  expect(await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);

  const waiting = awaitMigrations(asked);
  await run();
  await waiting;
  await put('0002_second.sql', 'CREATE TABLE b (id int);');
  await run();
  await rm(join(folder, '0002_second.sql'));
  // A later version's migrations do not keep an earlier one from starting.
  await awaitMigrations({ ...asked, waitMs: 0 });
});
