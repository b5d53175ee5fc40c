import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { InventoryServiceDefinition, OrderServiceDefinition, UserServiceDefinition } from '@stampede/contracts';
import { startEmbeddedEtcd } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createRegistrar } from '@stampede/registry';
import { silentLogger } from '@stampede/telemetry';
import { eventually } from '@stampede/testing';
import { SECRET, startService } from './spec/start-gateway.ts';

const log = silentLogger();

/** The gateway as a process of its own, once it serves. */
async function serve(env: Record<string, string>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: { ...process.env, HOST: '', PORT: '0', STAMPEDE_SERVICE_SECRET: SECRET, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const serving = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, address } = JSON.parse(line) as { msg: string; address: string };
    if (msg === 'serving') serving.resolve(address);
  });
  void ended.then(([code]) => serving.reject(new Error(`it ended with ${code} before it served`)));
  return { child, ended, address: await serving.promise };
}

test('finds services as they come, is found itself, takes new settings, and leaves without a trace', async () => {
  const server = await startEmbeddedEtcd({});
  onTestFinished(() => server.stop());
  const etcd = connectEtcd({ endpoints: [server.endpoint], log });
  onTestFinished(() => etcd.close());
  const { child, ended, address } = await serve({ ETCD_ENDPOINTS: server.endpoint, GATEWAY_DRAIN_MS: '50' });
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  const get = (path: string) => fetch(`http://${address}${path}`);
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  await eventually(async () => {
    const { entries } = await etcd.list('/services/gateway/');
    expect(entries.map(({ value }) => (JSON.parse(value) as { Addr: string }).Addr)).toEqual([address]);
  });

  const services = {
    user: await startService('user', UserServiceDefinition, {}),
    order: await startService('order', OrderServiceDefinition, {}),
    inventory: await startService('inventory', InventoryServiceDefinition, {
      listProducts: () => Promise.resolve({ products: [], nextPageToken: '' }),
    }),
  };
  for (const [service, bound] of Object.entries(services)) {
    const instance = { id: `${service}-1`, service, address: bound, metadata: {} };
    const registrar = createRegistrar({ etcd, instance, log });
    await registrar.start();
    onTestFinished(() => registrar.stop());
  }
  await eventually(async () => expect((await get('/readyz')).status).toBe(200));
  expect(await (await get('/v1/products')).json()).toEqual({ products: [], nextPageToken: '' });

  // With room for one request, two at once come to a 503 sooner or later.
  await etcd.put('/config/gateway/limits', JSON.stringify({ requests: 1, streams: 1 }));
  await eventually(async () => {
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => get('/v1/products')))).map(
      ({ status }) => status,
    );
    expect(statuses).toContain(503);
  });

  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect((await etcd.list('/services/gateway/')).entries).toEqual([]);
});

test('a port that is none is said at once', async () => {
  const server = await startEmbeddedEtcd({});
  onTestFinished(() => server.stop());
  await expect(serve({ ETCD_ENDPOINTS: server.endpoint, PORT: 'http' })).rejects.toThrow('ended with 1');
});
