import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { configure } from './support/configure.ts';
import { logIn, newProduct, type Shopper } from './support/shopper.ts';
import { ROOT, auditStack, instancesOf, startStack, type Stack } from './support/stack.ts';

let stack: Stack;
let operator: Shopper;
let customer: Shopper;

beforeAll(async () => {
  stack = await startStack({ instances: 'inventory=2,order=2' });
  operator = await logIn(stack, stack.operator);
  customer = await logIn(stack, stack.customer);
}, 150_000);
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

const config = (...args: string[]) => configure(stack, ...args);

/** Where an instance's `/metrics` are: etcd says it in the registration's metadata. */
async function metricsAddresses(app: string): Promise<string[]> {
  const { connectEtcd } = await import('@stampede/etcd');
  const { silentLogger } = await import('@stampede/telemetry');
  const endpoint = /etcd +(http:\S+)/.exec(stack.printed())![1]!;
  const etcd = connectEtcd({ endpoints: [endpoint], log: silentLogger() });
  const { entries } = await etcd.list(`/services/${app}/`);
  await etcd.close();
  return entries.map(({ value }) => (JSON.parse(value) as { Metadata: { metrics: string } }).Metadata.metrics);
}

/** Calls of a method that each instance has served so far. */
async function served(app: string, method: string): Promise<number[]> {
  const answers = (await metricsAddresses(app)).map((address) =>
    fetch(`http://${address}/metrics`).then(
      (answer) => answer.text(),
      // Killed: etcd lists it until its lease ends.
      () => undefined,
    ),
  );
  const pages = (await Promise.all(answers)).filter((page) => page !== undefined);
  return pages.map((page) =>
    page
      .split('\n')
      .filter((line) => line.startsWith('rpc_server_duration_seconds_count') && line.includes(`"${method}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
  );
}

/** Buys one by one, several at a time, until told to stop; every answer that is not a 201. Calls about one SKU meet at one inventory, so many are bought. */
function steadyLoad(skus: readonly string[]) {
  let running = true;
  const failures: string[] = [];
  let paid = 0;
  let made = 0;
  const workers = Array.from({ length: 8 }, async () => {
    while (running) {
      const sku = skus[made++ % skus.length]!;
      const answer = await customer.buy([{ sku, quantity: 1 }]).catch(String);
      if (typeof answer !== 'string' && answer.status === 201) paid++;
      else failures.push(JSON.stringify(answer));
    }
  });
  async function end(): Promise<void> {
    running = false;
    await Promise.all(workers);
  }
  onTestFinished(end);
  return { paid: () => paid, failures, end };
}

test('two instances share the calls; one is killed: nobody notices; it comes back, and a third gets its share within a second', async () => {
  const skus = await Promise.all(Array.from({ length: 32 }, () => newProduct(operator, 1_000_000)));
  const load = steadyLoad(skus);
  await vi.waitFor(() => expect(load.paid()).toBeGreaterThan(50), { timeout: 30_000 });
  const shares = await served('inventory', 'ReserveStock');
  expect(shares).toHaveLength(2);
  expect(Math.min(...shares)).toBeGreaterThan(Math.max(...shares) / 4);

  const before = instancesOf(stack, 'inventory');
  process.kill(before[0]!, 'SIGKILL');
  const paidAtKill = load.paid();
  await vi.waitFor(() => expect(load.paid()).toBeGreaterThan(paidAtKill + 50), { timeout: 30_000 });
  expect(load.failures).toEqual([]);
  await vi.waitFor(() => expect(instancesOf(stack, 'inventory')).toHaveLength(2), { timeout: 20_000 });

  const third = spawn(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'serve', 'inventory'], {
    cwd: ROOT,
    env: { ...process.env, STAMPEDE_DATA: stack.dataDir, NX_DAEMON: 'false' },
    stdio: 'ignore',
  });
  onTestFinished(() => void third.kill('SIGTERM'));
  await vi.waitFor(async () => expect(await served('inventory', 'ReserveStock')).toHaveLength(3), {
    timeout: 30_000,
    interval: 20,
  });
  await sleep(1_000);
  const early = await served('inventory', 'ReserveStock');
  expect(early).toHaveLength(3);
  expect(Math.min(...early)).toBeGreaterThan(0);

  third.kill('SIGTERM');
  await vi.waitFor(async () => expect(await metricsAddresses('inventory')).toHaveLength(2), { timeout: 30_000 });
  await load.end();
  expect(load.failures).toEqual([]);
  expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
}, 180_000);

test('a value put under /config is in force in every instance within a second; a bad one changes nothing', async () => {
  const sku = await newProduct(operator, 1_000);
  const buy = (quantity: number) => customer.buy([{ sku, quantity }]);
  expect(await buy(10)).toMatchObject({ status: 201 });
  config('put', 'order/maxQuantity', '5');
  await sleep(1_000);
  for (const answer of await Promise.all(Array.from({ length: 20 }, () => buy(10)))) expect(answer.status).toBe(400);
  config('put', 'order/maxQuantity', '"many"');
  await sleep(1_000);
  for (const answer of await Promise.all(Array.from({ length: 20 }, () => buy(10)))) expect(answer.status).toBe(400);
  expect(await buy(5)).toMatchObject({ status: 201 });
  config('delete', 'order/maxQuantity');
  await sleep(1_000);
  expect((await buy(10)).status).toBe(400);
  config('put', 'order/maxQuantity', '10000');
  await vi.waitFor(async () => expect(await buy(10)).toMatchObject({ status: 201 }), { timeout: 1_000 });
  expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
});
