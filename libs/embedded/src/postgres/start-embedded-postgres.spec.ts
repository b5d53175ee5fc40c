import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { DataDirInUseError, removeEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from '../index.ts';
import { silent } from '../embedded-log.ts';
import { postgresProcesses } from './processes.ts';

/** Each start is a whole Postgres, and other projects' tests run beside these. */
vi.setConfig({ testTimeout: 120_000 });

const isRoot = process.getuid?.() === 0;
const databases = ['order', 'user', 'with "quotes" and spaces'];
/** Nobody cuts the power in these tests; the safe settings are looked at in the first one. */
const quick = { fsync: 'off', shared_buffers: '16MB' };

let dataDir: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-'));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'postgres');
  return async () => {
    await removeEmbeddedPostgres(dataDir, silent);
    await rm(folder, { recursive: true });
  };
});

async function start(options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, databases, settings: quick, ...options });
  onTestFinished(() => postgres.stop());
  return postgres;
}

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** A process that starts the Postgres of `dataDir`, and is killed: Postgres outlives it. */
async function startAndKillStarter(): Promise<number> {
  const starter = fork(new URL('./spec-starter.ts', import.meta.url), [dataDir], { execArgv: [], stdio: 'inherit' });
  const [{ pid }] = (await once(starter, 'message')) as [{ pid: number }];
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  return pid;
}

test('a database and a role for each name, each let into its own alone, safe settings, on loopback only', async () => {
  const postgres = await start({ settings: {} });
  for (const name of databases) {
    expect(await query(postgres.url(name), 'SELECT current_user AS who, current_database() AS at')).toEqual([
      { who: name, at: name },
    ]);
    await query(postgres.url(name), 'CREATE TABLE mine (id int)');
  }
  for (const other of ['user', 'postgres', 'template1']) {
    const trespass = new URL(postgres.url('order'));
    trespass.pathname = `/${other}`;
    await expect(query(trespass.href, 'SELECT 1')).rejects.toThrow('permission denied');
  }
  const wrong = new URL(postgres.url('order'));
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  expect(() => postgres.url('nobody asked')).toThrow('nobody asked');

  const [settings] = await query(
    postgres.adminUrl(),
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
            current_setting('data_checksums') AS checksums, current_setting('listen_addresses') AS listen,
            current_setting('unix_socket_directories') AS sockets, current_setting('password_encryption') AS scram,
            current_setting('recovery_init_sync_method') AS recovery`,
  );
  expect(settings).toEqual({
    fsync: 'on',
    commit: 'on',
    checksums: 'on',
    listen: '127.0.0.1',
    sockets: '',
    scram: 'scram-sha-256',
    recovery: process.platform === 'linux' ? 'syncfs' : 'fsync',
  });
  expect((await stat(join(dataDir, 'passwords.json'))).mode & 0o777).toBe(0o600);
});

test('a second start finds the data, keeps the passwords, and adds what is new', async () => {
  const first = await start();
  await query(first.url('order'), 'CREATE TABLE kept AS SELECT 42 AS answer');
  const { password } = new URL(first.url('order'));
  await first.stop();
  expect(await postgresProcesses(join(dataDir, 'cluster'))).toEqual([]);

  const second = await start({ databases: [...databases, 'payment'] });
  expect(await query(second.url('order'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  expect(new URL(second.url('order')).password).toBe(password);
  expect(await query(second.url('payment'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('what a killed starter left running is stopped and taken over, and nothing committed is lost', async () => {
  const orphan = await startAndKillStarter();
  expect(await postgresProcesses(join(dataDir, 'cluster'))).toContain(orphan);
  const postgres = await start();
  expect(await postgresProcesses(join(dataDir, 'cluster'))).not.toContain(orphan);
  expect(await query(postgres.url('order'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('after a SIGKILL of everything it recovers, even where the old process id belongs to another program now', async () => {
  await startAndKillStarter();
  const cluster = join(dataDir, 'cluster');
  const pidFile = join(cluster, 'postmaster.pid');
  const stale = (await readFile(pidFile, 'utf8')).split('\n');
  for (const pid of await postgresProcesses(cluster)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it went with its postmaster
    }
  }
  await vi.waitFor(async () => expect(await postgresProcesses(cluster)).toEqual([]), 5_000);
  await writeFile(pidFile, [process.pid, ...stale.slice(1)].join('\n'));

  const postgres = await start();
  expect(await query(postgres.url('order'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toContain('automatic recovery in progress');
});

test('the Postgres of a living process is left alone', async () => {
  const postgres = await start();
  const second: unknown = await start().catch((error: unknown) => error);
  expect(second).toBeInstanceOf(DataDirInUseError);
  expect((second as Error).message).toContain(String(process.pid));
  expect(await query(postgres.url('order'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a server that ends by itself is noticed, and may be started again by the same process', async () => {
  const postgres = await start();
  process.kill(postgres.pid, 'SIGQUIT');
  await postgres.exited;
  await postgres.stop();
  const again = await start();
  expect(await query(again.url('order'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('what a start that was cut short left half made is cleared away and made again', async () => {
  await mkdir(join(dataDir, 'cluster.init-half', 'base'), { recursive: true });
  await mkdir(join(dataDir, 'cluster', 'base'), { recursive: true });
  const postgres = await start();
  expect(await query(postgres.url('order'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(stat(join(dataDir, 'cluster.init-half'))).rejects.toThrow('ENOENT');
});

test('a port that is asked for is used; a setting that makes no sense is told in Postgres’ own words', async () => {
  const first = await start();
  const port = Number(new URL(first.url('order')).port);
  await first.stop();
  const second = await start({ port });
  expect(new URL(second.url('order')).port).toBe(String(port));
  await second.stop();
  await expect(start({ settings: { max_connections: 'many' } })).rejects.toThrow(/max_connections/);
});

test('a folder closed to others works as it is: for root its cluster lives elsewhere, and goes with it', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'closed-'));
  onTestFinished(() => rm(closed, { recursive: true }));
  const options = { dataDir: join(closed, 'postgres') };
  const place = join(options.dataDir, 'cluster');
  const first = await start(options);
  await query(first.url('order'), 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  expect((await stat(closed)).mode & 0o777).toBe(0o700);
  expect((await lstat(place)).isSymbolicLink()).toBe(isRoot);
  const again = await start(options);
  expect(await query(again.url('order'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  await again.stop();

  // Removed by hand and made anew, it does not find its old data again.
  await rm(options.dataDir, { recursive: true });
  const anew = await start(options);
  await expect(query(anew.url('order'), 'SELECT answer FROM kept')).rejects.toThrow('does not exist');
  await anew.stop();

  const target = isRoot ? await readlink(place) : place;
  if (isRoot) {
    await rename(target, `${target}.away`);
    await expect(start(options)).rejects.toThrow(/which is gone/);
    await rename(`${target}.away`, target);
  }
  await removeEmbeddedPostgres(options.dataDir, silent);
  for (const left of [options.dataDir, target, `${target}.abandoned`, `${target}.home`]) {
    await expect(stat(left)).rejects.toThrow('ENOENT');
  }
});

test('for root, what a temporary folder that is gone left elsewhere is removed by a later start', async () => {
  const [one, two] = await Promise.all([mkdtemp(join(tmpdir(), 'gone-')), mkdtemp(join(tmpdir(), 'stays-'))]);
  onTestFinished(async () => {
    await removeEmbeddedPostgres(two, silent);
    await rm(two, { recursive: true, force: true });
  });
  const first = await start({ dataDir: one });
  await first.stop();
  const target = await readlink(join(one, 'cluster')).catch(() => join(one, 'cluster'));
  await rm(one, { recursive: true });
  await start({ dataDir: two });
  await expect(stat(target)).rejects.toThrow('ENOENT');
  expect((await stat(join(two, 'cluster'))).isDirectory()).toBe(true);
});

test('no program of the caller’s environment steers it', async () => {
  vi.stubEnv('PGPORT', '1');
  vi.stubEnv('PGDATA', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  const script = new URL('./spec-starter.ts', import.meta.url).pathname;
  await promisify(execFile)(process.execPath, [script, dataDir], { timeout: 20_000 });
});
