import { setTimeout as sleep } from 'node:timers/promises';
import { connectEtcd, type Entry, type Etcd } from '@stampede/etcd';
import { silentLogger } from '@stampede/telemetry';
import { eventually, startEtcdProcess, type EtcdProcess } from '@stampede/testing';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startLoad, type Load } from './support/load.ts';
import { startRig, type Rig } from './support/rig.ts';
import { logIn, newProduct, postJson, type Shopper } from './support/shopper.ts';
import { auditStack } from './support/stack.ts';

/** Short where somebody waits; CI runs it with the 10 s that services are shipped with. */
const LEASE_SECONDS = Number(process.env['STAMPEDE_E2E_LEASE_SECONDS'] ?? 2);
/** Within which every live instance is listed again, whatever happened to its registration. */
const HEALED_MS = LEASE_SECONDS * 1_000 + 5_000;
const INSTANCES = { inventory: 2, order: 2, gateway: 2 };
const NAMES = ['gateway', 'gateway', 'inventory', 'inventory', 'order', 'order', 'payment', 'user'];

let server: EtcdProcess;
let etcd: Etcd;
let rig: Rig;
let customer: Shopper;
let sku: string;

beforeAll(async () => {
  server = await startEtcdProcess();
  const lease = { REGISTRATION_LEASE_SECONDS: String(LEASE_SECONDS) };
  const env = Object.fromEntries(['user', 'inventory', 'payment', 'order', 'gateway'].map((app) => [app, lease]));
  rig = await startRig({ instances: INSTANCES, env, etcdEndpoint: server.endpoint });
  etcd = connectEtcd({ endpoints: [server.endpoint], log: silentLogger() });
  customer = await logIn(rig.stack, rig.stack.customer);
  sku = await newProduct(await logIn(rig.stack, rig.stack.operator), 10_000_000);
}, 180_000);
afterEach(async () => expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 }));
afterAll(async () => {
  await etcd.close();
  await rig.close();
  await server.stop();
});

const registrations = async () => (await etcd.list('/services/')).entries;
const serviceOf = ({ key }: Entry) => key.split('/')[2];

/** Resolves, with how long it took, once every instance is registered, and none twice. */
async function allRegistered(): Promise<number> {
  const begun = performance.now();
  await eventually(async () => expect((await registrations()).map(serviceOf)).toEqual(NAMES), {
    timeoutMs: HEALED_MS,
    intervalMs: 50,
  });
  return Math.round(performance.now() - begun);
}

function load(): Load {
  const buying = startLoad({ gateways: () => rig.gateways, tokens: [customer.token], skus: [sku] });
  onTestFinished(() => buying.end());
  return buying;
}

function report(what: string, { paid, rawFailures, longestMs }: Load, more = ''): void {
  const figures = `${paid.size} orders, ${rawFailures.length} failed tries, longest ${Math.round(longestMs)} ms`;
  process.stdout.write(`${what}: ${figures}${more}\n`);
}

const pids = () => rig.programs.map(({ pid }) => pid);

test('etcd is killed and away for five lease times: no call fails', async () => {
  const buying = load();
  const before = pids();
  await buying.morePaid(20);
  await server.kill();
  await sleep(5 * LEASE_SECONDS * 1_000);
  await buying.morePaid(20);
  await server.start('kept');
  const healedMs = await allRegistered();
  await buying.morePaid(20);
  await buying.end();
  report('etcd away for five lease times', buying, `, all registered ${healedMs} ms after it was back`);
  expect({ raw: buying.rawFailures, final: buying.failures }).toEqual({ raw: [], final: [] });
  expect(pids()).toEqual(before);
});

test('it comes back empty: every instance registers again by itself, and configuration stays the last good one', async () => {
  await etcd.put('/config/order/maxQuantity', '5');
  const tooMany = () => customer.buy([{ sku, quantity: 6 }]);
  await eventually(async () => {
    for (let n = 0; n < 8; n++) expect((await tooMany()).status).toBe(400);
  });
  const buying = load();
  const before = pids();
  await buying.morePaid(20);
  await server.kill();
  await sleep(LEASE_SECONDS * 1_000);
  await server.start('empty');
  const healedMs = await allRegistered();
  expect((await etcd.list('/config/')).entries).toEqual([]);
  for (let n = 0; n < 8; n++) expect((await tooMany()).status).toBe(400);
  await buying.morePaid(20);
  await buying.end();
  report('etcd back empty', buying, `, all registered ${healedMs} ms after it was back`);
  expect({ raw: buying.rawFailures, final: buying.failures }).toEqual({ raw: [], final: [] });
  expect(pids()).toEqual(before);
});

test('a key that is deleted and a lease that is revoked are put right, and no call fails meanwhile', async () => {
  const buying = load();
  await buying.morePaid(20);
  const [one, other] = (await registrations()).filter((entry) => serviceOf(entry) === 'inventory');
  await etcd.delete(one!.key);
  const keyMs = await allRegistered();
  await etcd.revokeLease(other!.leaseId!);
  const leaseMs = await allRegistered();
  await buying.morePaid(20);
  await buying.end();
  report('key deleted, lease revoked', buying, `, healed after ${keyMs} and ${leaseMs} ms`);
  expect({ raw: buying.rawFailures, final: buying.failures }).toEqual({ raw: [], final: [] });
});

test('every key of the shop is deleted at once: nobody believes it, and all come back', async () => {
  const buying = load();
  await buying.morePaid(20);
  for (const { key } of await registrations()) await etcd.delete(key);
  const healedMs = await allRegistered();
  await buying.morePaid(20);
  await buying.end();
  report('all keys deleted', buying, `, healed after ${healedMs} ms`);
  expect({ raw: buying.rawFailures, final: buying.failures }).toEqual({ raw: [], final: [] });
});

test('a process that is frozen past its lease leaves the list; when it wakes, it is back on it and works', async () => {
  const buying = load();
  await buying.morePaid(20);
  const frozen = rig.program('inventory-1');
  frozen.freeze();
  await eventually(
    async () => expect((await registrations()).filter((entry) => serviceOf(entry) === 'inventory')).toHaveLength(1),
    { timeoutMs: 3 * LEASE_SECONDS * 1_000 + 5_000, intervalMs: 50 },
  );
  await buying.morePaid(20);
  frozen.thaw();
  const healedMs = await allRegistered();
  // Alone, it has to do all of the work.
  await rig.program('inventory-2').kill();
  await buying.morePaid(20);
  await rig.program('inventory-2').start();
  await allRegistered();
  await buying.end();
  report('frozen past its lease', buying, `, healed ${healedMs} ms after it woke`);
  expect(buying.failures).toEqual([]);
});

test('the last of a service really leaves: calls fail at once, and work again when one is there', async () => {
  const ask = async () => {
    const begun = performance.now();
    const { status } = await postJson(
      `${rig.gateways[0]!}/v1/orders`,
      { items: [{ sku, quantity: 1 }], paymentToken: 'tok_visa' },
      { authorization: `Bearer ${customer.token}`, 'idempotency-key': String(Math.random()) },
    );
    return { status, ms: performance.now() - begun };
  };
  for (const end of ['stop', 'kill'] as const) {
    await Promise.all(rig.of('order').map((each) => each[end]()));
    await eventually(async () => expect((await ask()).status).toBe(503), { timeoutMs: 1_000 });
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    for (const { status, ms } of answers) expect([status, ms < 1_000]).toEqual([503, true]);
    const slowest = Math.round(Math.max(...answers.map(({ ms }) => ms)));
    process.stdout.write(`all of order by ${end}: 503 within ${slowest} ms\n`);
    await Promise.all(rig.of('order').map((each) => each.start()));
    await eventually(async () => expect((await ask()).status).toBe(201), { timeoutMs: 5_000 });
  }
});
