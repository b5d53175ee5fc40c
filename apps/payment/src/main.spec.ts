import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Payment_State, PaymentServiceDefinition } from '@stampede/contracts';
import { startEmbeddedEtcd } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createChannel, createClient, staticDiscovery } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { eventually, useDatabase } from '@stampede/testing';
import { uuidv7 } from 'uuidv7';
import { expect, onTestFinished, test } from 'vitest';

const log = silentLogger();
const secret = 'a secret of the services';

/** What the service stands on: an etcd and a database. */
async function backing() {
  const etcd = await startEmbeddedEtcd({});
  onTestFinished(() => etcd.stop());
  const client = connectEtcd({ endpoints: [etcd.endpoint], log });
  onTestFinished(() => client.close());
  const { url } = await useDatabase('payment');
  return { etcd: client, env: { ETCD_ENDPOINTS: etcd.endpoint, DATABASE_URL: url, STAMPEDE_SERVICE_SECRET: secret } };
}

/** The service as a process of its own, once it serves. */
async function serve(env: Record<string, string>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  const serving = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, address } = JSON.parse(line) as { msg: string; address: string };
    if (msg === 'serving') serving.resolve(address);
  });
  void ended.then(() => serving.reject(new Error('it ended before it served')));
  const address = await serving.promise;
  const channel = createChannel({
    service: 'payment',
    discovery: staticDiscovery({ payment: [address] }),
    caller: { service: 'order', secret },
    log,
  });
  onTestFinished(() => channel.close());
  return { child, ended, address, order: createClient(PaymentServiceDefinition, channel) };
}

const charge = {
  orderId: uuidv7(),
  userId: uuidv7(),
  amount: { currency: 'EUR', amountMinor: 500 },
  paymentToken: 'tok_visa',
};

test('it registers, serves, takes new settings while it runs, and leaves without a trace', async () => {
  const { etcd, env } = await backing();
  const { child, ended, address, order } = await serve(env);
  const { entries } = await etcd.list('/services/payment/');
  expect(entries.map(({ value }) => (JSON.parse(value) as { Addr: string }).Addr)).toEqual([address]);
  expect((await order.charge(charge)).payment?.state).toBe(Payment_State.CHARGED);

  await etcd.put('/config/payment/provider/timeoutMs', '1');
  await etcd.put('/config/payment/sandbox/lateMs', '3600000');
  await eventually(async () => {
    const late = { ...charge, orderId: uuidv7(), paymentToken: 'tok_timeout' };
    expect((await order.charge(late, { deadlineMs: 900 })).payment?.state).toBe(Payment_State.CHARGED);
  });

  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect((await etcd.list('/services/payment/')).entries).toEqual([]);
});

test('killed between the charge and its verdict, it answers after a restart what the provider knows: one charge', async () => {
  const { env } = await backing();
  const dying = await serve({ ...env, STAMPEDE_CRASH_AT: 'payment.commit-charged.before' });
  await expect(dying.order.charge(charge, { deadlineMs: 15_000 })).rejects.toThrow();
  expect(await dying.ended).toEqual([null, 'SIGKILL']);

  const { order } = await serve(env);
  expect((await order.getPayment(charge)).payment?.state).toBe(Payment_State.INTENDED);
  expect((await order.charge(charge)).payment?.state).toBe(Payment_State.CHARGED);
});
