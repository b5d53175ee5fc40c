import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UserServiceDefinition } from '@stampede/contracts';
import { startEmbeddedEtcd } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createChannel, createClient, staticDiscovery } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { eventually, useDatabase } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';

const log = silentLogger();
const secret = 'a secret of the services';

/** What the service stands on: an empty etcd and an empty database. */
async function backing() {
  const server = await startEmbeddedEtcd({});
  onTestFinished(() => server.stop());
  const etcd = connectEtcd({ endpoints: [server.endpoint], log });
  onTestFinished(() => etcd.close());
  const { url } = await useDatabase('user');
  return { etcd, env: { ETCD_ENDPOINTS: server.endpoint, DATABASE_URL: url, STAMPEDE_SERVICE_SECRET: secret } };
}

/** The service as a process of its own, once it serves. */
async function serve(env: Record<string, string>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: { ...process.env, USER_PASSWORDS_MEMORY_KIB: '64', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const serving = Promise.withResolvers<{ address: string; metrics: string }>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const { msg, ...fields } = JSON.parse(line) as { msg: string; address: string; metrics: string };
    if (msg === 'serving') serving.resolve(fields);
  });
  void ended.then(() => serving.reject(new Error(`it ended before it served: ${lines.join('\n')}`)));
  const { address, metrics } = await serving.promise;
  const channel = createChannel({
    service: 'user',
    discovery: staticDiscovery({ user: [address] }),
    caller: { service: 'gateway', secret },
    log,
  });
  onTestFinished(() => channel.close());
  return { child, ended, address, metrics, lines, gateway: createClient(UserServiceDefinition, channel) };
}

test('two started at once on nothing share accounts and keys, take new settings while they run, and leave without a trace', async () => {
  const { etcd, env } = await backing();
  const instances = await Promise.all([serve(env), serve(env)]);
  const [first, second] = instances;
  const { entries } = await etcd.list('/services/user/');
  const registered = entries.map(({ value }) => (JSON.parse(value) as { Addr: string }).Addr);
  expect(registered.toSorted()).toEqual([first.address, second.address].toSorted());
  for (const { metrics } of instances) expect((await fetch(`http://${metrics}/readyz`)).status).toBe(200);

  const ann = { email: 'ann@example.com', password: 'correct horse' };
  await first.gateway.createUser({ ...ann, displayName: 'Ann' });
  const { refreshToken } = await second.gateway.createSession(ann);
  await expect(first.gateway.refreshSession({ refreshToken })).resolves.toMatchObject({ expiresIn: 900 });
  expect((await first.gateway.getJwks({})).keys).toEqual((await second.gateway.getJwks({})).keys);

  await etcd.put('/config/user/passwords/memoryKib', '4');
  await etcd.put('/config/user/tokens/accessSeconds', '60');
  for (const { gateway } of instances) {
    await eventually(async () => expect((await gateway.createSession(ann)).expiresIn).toBe(60));
  }

  for (const { child } of instances) child.kill('SIGTERM');
  for (const { ended } of instances) expect(await ended).toEqual([0, null]);
  expect((await etcd.list('/services/user/')).entries).toEqual([]);
  const logged = instances.flatMap(({ lines }) => lines).join('\n');
  expect(logged).toContain('/config/user/passwords/memoryKib');
  for (const word of [ann.password, refreshToken, secret, env.DATABASE_URL]) expect(logged).not.toContain(word);
});

test('calls in flight when it is told to leave are answered', async () => {
  const { env } = await backing();
  const { child, ended, gateway } = await serve({ ...env, USER_PASSWORDS_MEMORY_KIB: '65536' });
  const registrations = Array.from({ length: 8 }, (_, index) =>
    gateway.createUser(
      { email: `ann${index}@example.com`, password: 'correct horse', displayName: 'Ann' },
      { deadlineMs: 25_000 },
    ),
  );
  await registrations[0];
  child.kill('SIGTERM');
  await expect(Promise.all(registrations)).resolves.toHaveLength(8);
  expect(await ended).toEqual([0, null]);
});
