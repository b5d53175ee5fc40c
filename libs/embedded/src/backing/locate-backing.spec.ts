import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { announceBacking } from './announce-backing.ts';
import { BackingNotFoundError, locateBacking } from './locate-backing.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backing-'));
  return () => rm(dataDir, { recursive: true });
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
/** Greets as every gRPC server does. */
const etcd = () => listen(createServer());

const backing = (etcdEndpoint: string, pid = process.pid) => ({
  etcdEndpoint,
  databaseUrls: { order: 'postgres://order@db/order' },
  serviceSecret: 'hush',
  pid,
});
const locate = (options: Partial<Parameters<typeof locateBacking>[0]> = {}) =>
  locateBacking({ env: { STAMPEDE_DATA: dataDir }, service: 'order', ...options });

test('what the stack announces is found, each service its own database', async () => {
  const etcdEndpoint = await etcd();
  await announceBacking({ dataDir, backing: backing(etcdEndpoint) });
  expect(await locate()).toEqual({
    etcdEndpoints: [etcdEndpoint],
    databaseUrl: 'postgres://order@db/order',
    serviceSecret: 'hush',
  });
  expect(await locate({ service: 'gateway' })).not.toHaveProperty('databaseUrl');
  expect((await stat(join(dataDir, 'stack.json'))).mode & 0o777).toBe(0o600);
});

test('the environment wins, and with all in it nothing is waited for', async () => {
  await announceBacking({ dataDir, backing: backing(await etcd()) });
  const env = { STAMPEDE_DATA: dataDir, DATABASE_URL: 'postgres://real' };
  expect(await locate({ env })).toMatchObject({ databaseUrl: 'postgres://real', serviceSecret: 'hush' });

  const all = { STAMPEDE_DATA: '/nowhere', ETCD_ENDPOINTS: 'http://a,http://b', STAMPEDE_SERVICE_SECRET: 's' };
  expect(await locate({ env: { ...all, DATABASE_URL: 'postgres://real' } })).toEqual({
    etcdEndpoints: ['http://a', 'http://b'],
    databaseUrl: 'postgres://real',
    serviceSecret: 's',
  });
  expect(await locate({ env: all, needs: ['etcd', 'secret'] })).toMatchObject({ serviceSecret: 's' });
});

test('a stack that comes later is waited for, and so is its etcd', async () => {
  const mute = createTcpServer((socket) => socket.on('error', () => undefined)); // accepts, and never greets
  const early = await listen(mute);
  let found = false;
  const locating = locate().then((it) => {
    found = true;
    return it;
  });
  await writeFile(join(dataDir, 'stack.json'), '{"etcdEndpoint":"htt'); // not even JSON
  await announceBacking({ dataDir, backing: backing(early) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(found).toBe(false);
  const endpoint = await etcd();
  await announceBacking({ dataDir, backing: backing(endpoint) });
  expect((await locating).etcdEndpoints).toEqual([endpoint]);
});

test('what a dead stack left behind counts for nothing, even when its process id lives again', async () => {
  const child = spawn('sleep', ['60']);
  await announceBacking({ dataDir, backing: backing(await etcd(), child.pid) });
  expect((await locate()).serviceSecret).toBe('hush');
  child.kill();
  await once(child, 'exit');
  await expect(locate({ timeoutMs: 100 })).rejects.toThrow(/which is gone/);

  const path = join(dataDir, 'stack.json');
  const left = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...left, pid: process.pid }));
  await expect(locate({ timeoutMs: 100 })).rejects.toThrow(/which is gone/);
});

test('in time it gives up and says what is missing and what to do; an abort ends it at once', async () => {
  const failure: unknown = await locate({ timeoutMs: 50 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(BackingNotFoundError);
  expect((failure as Error).message).toMatch(/ETCD_ENDPOINTS, DATABASE_URL, STAMPEDE_SERVICE_SECRET.*npm start/);

  const reason = new Error('stopping');
  const abort = new AbortController();
  const locating = locate({ signal: abort.signal });
  abort.abort(reason);
  await expect(locating).rejects.toBe(reason);
});

test('whoever waits long is told so', async () => {
  const log = { info: vi.fn(), warn: vi.fn() };
  await expect(locate({ log, timeoutMs: 3_200 })).rejects.toThrow();
  expect(log.info).toHaveBeenCalledOnce();
});

test('a stack takes back its own announcement, not that of its successor', async () => {
  const withdraw = await announceBacking({ dataDir, backing: backing('http://a') });
  const successor = await announceBacking({ dataDir, backing: backing('http://b', process.ppid) });
  await withdraw();
  expect(await readFile(join(dataDir, 'stack.json'), 'utf8')).toContain('http://b');
  await successor();
  await expect(stat(join(dataDir, 'stack.json'))).rejects.toThrow('ENOENT');
});
