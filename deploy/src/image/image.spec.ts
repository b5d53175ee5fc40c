import { createServer, type AddressInfo } from 'node:net';
import grpc from '@grpc/grpc-js';
import { connectEtcd } from '@stampede/etcd';
import { createWatcher } from '@stampede/registry';
import { silentLogger } from '@stampede/telemetry';
import { eventually, useDatabase, useEtcd } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledApps, shopOf } from '../apps.ts';
import { imageFolder, type LaidOutImage, type Running } from './lay-out-image.ts';

const APPS = bundledApps();
const SECRET = 'a secret of all services, for tests';
const log = silentLogger();
const images = new Map<string, LaidOutImage>();
const running = new Map<string, Running>();
const closers: (() => Promise<unknown>)[] = [];
const listed = new Map<string, readonly string[]>();
let environments: Readonly<Record<string, Record<string, string>>>;

beforeAll(async () => {
  const folder = await imageFolder();
  closers.push(() => folder.remove());
  const { endpoint, stop } = await useEtcd();
  closers.push(stop);
  const etcd = connectEtcd({ endpoints: [endpoint], log });
  const watcher = createWatcher({ etcd, log });
  closers.push(async () => {
    await watcher.close();
    await etcd.close();
  });
  for (const app of APPS) {
    images.set(app, await folder.layOut(app));
    watcher.watch(app, (set) =>
      listed.set(
        app,
        set.listed.map(({ address }) => address),
      ),
    );
  }
  environments = Object.fromEntries(
    await Promise.all(
      APPS.map(async (app) => [
        app,
        {
          HOST: '127.0.0.1',
          PORT: String(await freePort()),
          ADMIN_PORT: String(await freePort()),
          ETCD_ENDPOINTS: endpoint,
          STAMPEDE_SERVICE_SECRET: SECRET,
          // The gateway has none; it does not mind.
          DATABASE_URL: (await useDatabase(app)).url,
          MIGRATE_AT_START: 'false',
        },
      ]),
    ),
  ) as typeof environments;
});
afterAll(async () => {
  for (const { child } of running.values()) child.kill('SIGKILL');
  for (const close of closers.toReversed()) await close();
});

test('every app has a bundle', () => {
  expect(APPS).toEqual(expect.arrayContaining(['gateway', 'inventory', 'order', 'payment', 'user']));
});

test('each bundle alone, in an empty folder, registers and says that it serves, once its database is migrated by its own command', async () => {
  for (const app of APPS) running.set(app, images.get(app)!.run(environments[app]!));
  for (const app of APPS.filter((each) => shopOf(each).database)) {
    const { DATABASE_URL = '' } = environments[app]!;
    const { ended, output } = images.get(app)!.run({ DATABASE_URL }, 'migrate');
    expect(await ended, output()).toEqual({ code: 0, signal: null });
    expect(output()).toContain('migrated the database');
  }
  for (const app of APPS) {
    const { child, output } = running.get(app)!;
    const address = `127.0.0.1:${environments[app]!['PORT']}`;
    await eventually(
      async () => {
        expect(child.exitCode, output()).toBe(null);
        expect(listed.get(app), output()).toEqual([address]);
        expect(await (app === 'gateway' ? ready(address) : serving(address)), output()).toBe(true);
      },
      { timeoutMs: 20_000, intervalMs: 50 },
    );
    expect(await images.get(app)!.check(environments[app]!), 'the health check of the image').toBe(0);
  }
  const openapi = (await (await fetch(`http://127.0.0.1:${environments['gateway']!['PORT']}/openapi.json`)).json()) as {
    paths: object;
  };
  expect(Object.keys(openapi.paths)).toContain('/v1/orders');
});

test('together they are the shop: who registers and logs in sees that there are no orders yet', async () => {
  const url = `http://127.0.0.1:${environments['gateway']!['PORT']}`;
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, string>;
  };
  // The native module of the user service hashes the password.
  const account = { email: 'ada@example.com', password: 'correct horse battery' };
  expect(await post('/v1/users', { ...account, displayName: 'Ada' })).toMatchObject({ email: account.email });
  const { accessToken } = await post('/v1/sessions', account);
  const orders = await fetch(`${url}/v1/orders`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect([orders.status, await orders.json()]).toMatchObject([200, { orders: [] }]);
});

test('each leaves when it is told to, and has written nothing', async () => {
  for (const app of APPS) {
    const { child, ended, output } = running.get(app)!;
    child.kill('SIGTERM');
    expect(await ended, output()).toEqual({ code: 0, signal: null });
    await eventually(() => expect(listed.get(app)).toEqual([]));
    expect(await images.get(app)!.check(environments[app]!), 'the health check of a program that is gone').toBe(1);
    const strange = (await images.get(app)!.files()).filter(
      (file) => !/^app(\/(main\.mjs(\.map)?|LICENSES\.txt|[^/]+\.node|files(\/.*)?))?$/.test(file),
    );
    expect(strange).toEqual([]);
  }
});

async function ready(address: string): Promise<boolean> {
  return (await fetch(`http://${address}/readyz`)).ok;
}

/** grpc.health.v1 by hand: an empty request; field 1 of the answer is SERVING, 1. */
function serving(address: string): Promise<boolean> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const bytes = (value: Buffer) => value;
  client.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, bytes, Buffer.alloc(0), (error, answer) => {
    client.close();
    if (error === null) resolve(answer?.equals(Buffer.from([8, 1])) === true);
    else reject(error);
  });
  return promise;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
