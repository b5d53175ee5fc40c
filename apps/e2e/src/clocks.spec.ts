import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { connectDatabase } from '@stampede/postgres';
import { eventually } from '@stampede/testing';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { configure } from './support/configure.ts';
import { kindsOf, longestGap, print } from './support/figures.ts';
import { lostOf, startLoad, type Load } from './support/load.ts';
import type { AppName, Program } from './support/program.ts';
import { startRig, type Rig } from './support/rig.ts';
import { call, logIn, newProduct, postJson, type OrderBody, type Shopper } from './support/shopper.ts';
import { auditStack, ROOT } from './support/stack.ts';

const HOUR_MS = 3_600_000;
const APPS: readonly AppName[] = ['user', 'inventory', 'payment', 'order', 'gateway'];
/** Of tokens: what the answer to GetJwks was on its way, and whole seconds. */
const TOKEN_BOUND_MS = 2_000;
/** A lease, how often left sagas are looked for at most, and the work itself. */
const TAKEN_OVER_MS = 5_000 + 1_500 + 3_000;

const off = (ms: number): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import ${pathToFileURL(path.join(ROOT, 'apps/e2e/src/support/shifted-clock.ts')).href}`,
  STAMPEDE_E2E_CLOCK_MS: String(ms),
});

let rig: Rig;
let operator: Shopper;
/** The first of each is an hour ahead, the second an hour behind: whoever calls whom, two hours may lie between them. Databases and etcd are right. */
beforeAll(async () => {
  rig = await startRig({
    instances: Object.fromEntries(APPS.map((app) => [app, 2])),
    env: Object.fromEntries(
      APPS.flatMap((app) => [[`${app}-1`, off(HOUR_MS)] as const, [`${app}-2`, off(-HOUR_MS)] as const]),
    ),
  });
  operator = await logIn(rig.stack, rig.stack.operator);
}, 150_000);
afterEach(async () => expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 }));
afterAll(() => rig.close());

async function load(): Promise<Load> {
  const sku = await newProduct(operator, 10_000_000);
  const { token } = await logIn(rig.stack, rig.stack.customer);
  const buying = startLoad({ gateways: () => rig.gateways, tokens: [token], skus: [sku], buyers: 4 });
  onTestFinished(() => buying.end());
  await buying.morePaid(50);
  return buying;
}

const logOf = ({ name }: Program) => readFile(path.join(rig.dataDir, 'logs', `${name}.log`), 'utf8');
const TAKE_OVER = 'driving on orders that were left';

test('all sell together, no lease is taken from the living, and lists are in the order of what happened', async () => {
  for (const program of rig.programs) {
    const time = Date.parse(/"time":"([^"]+)"/.exec(await logOf(program))?.[1] ?? '');
    const expected = program.name.endsWith('-1') ? HOUR_MS : -HOUR_MS;
    expect(Math.abs(time - Date.now() - expected), program.name).toBeLessThan(300_000);
  }
  const buying = await load();
  const begun = performance.now();
  await buying.morePaid(200);
  const gap = longestGap(buying, begun, performance.now());
  await buying.end();
  expect([buying.failures, buying.rawFailures]).toEqual([[], []]);
  for (const order of rig.of('order')) expect(await logOf(order)).not.toContain(TAKE_OVER);
  expect(await lostOf(buying, rig.gateways[0]!)).toEqual([]);

  const sku = await newProduct(operator, 1_000);
  const customer = await logIn(rig.stack, rig.stack.customer);
  const placed: OrderBody[] = [];
  for (let n = 0; n < 40; n++) placed.unshift((await customer.buy([{ sku, quantity: 1 }])).body);
  const { body } = await customer.get<{ orders: (OrderBody & { createTime: string })[] }>('/v1/orders?page_size=40');
  expect(body.orders.map(({ id }) => id)).toEqual(placed.map(({ id }) => id));
  for (const { createTime } of body.orders) expect(Math.abs(Date.parse(createTime) - Date.now())).toBeLessThan(60_000);
  print('clocks an hour ahead and behind', {
    orders: buying.paid.size,
    'failed tries': kindsOf(buying),
    'no sales for ms': gap,
  });
});

test('a token is good for what it says, whoever issues it and whoever checks it', async () => {
  configure(rig.stack, 'put', 'user/tokens/accessSeconds', '10');
  onTestFinished(async () => {
    configure(rig.stack, 'put', 'user/tokens/accessSeconds', '900');
    await sleep(1_000);
  });
  await sleep(1_000);
  const tokens = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const url = `${rig.gateways[n % rig.gateways.length]}/v1/sessions`;
      const { body } = await postJson<{ accessToken: string }>(url, rig.stack.customer);
      return body.accessToken;
    }),
  );
  const late: number[] = [];
  await Promise.all(
    tokens.flatMap((token) => {
      const { iat = 0, exp = 0 } = decodeJwt(token);
      expect(Math.abs(iat * 1_000 - Date.now())).toBeLessThan(10_000);
      expect(exp - iat).toBe(10);
      return rig.gateways.map(async (gateway) => {
        for (;;) {
          const asked = Date.now();
          const { status } = await call(`${gateway}/v1/users/me`, { headers: { authorization: `Bearer ${token}` } });
          if (status !== 200) {
            expect(status).toBe(401);
            late.push(Date.now() - exp * 1_000);
            return;
          }
          expect(asked).toBeLessThan(exp * 1_000 + TOKEN_BOUND_MS);
          await sleep(100);
        }
      });
    }),
  );
  // Refused neither early (but for the second that the clock may be in) nor late.
  expect(Math.min(...late)).toBeGreaterThan(-1_000);
  print('tokens by clocks an hour off', {
    tokens: tokens.length,
    'refused ms after their end': `${Math.min(...late)} to ${Math.max(...late)}`,
  });
});

test('an order is given up when its time is over by the database, not before and not by anybody else', async () => {
  const sku = await newProduct(operator, 1_000);
  const customer = await logIn(rig.stack, rig.stack.customer);
  configure(rig.stack, 'put', 'order/holdSeconds', '4');
  await sleep(1_000);
  await Promise.all(rig.of('payment').map((program) => program.stop()));
  const begun = performance.now();
  const placed = await Promise.all(
    Array.from({ length: 10 }, () => customer.buy([{ sku, quantity: 1 }], { prefer: 'respond-async' })),
  );
  expect(placed.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
  const statuses = async () =>
    Promise.all(placed.map(async ({ body }) => (await customer.get<OrderBody>(`/v1/orders/${body.id}`)).body.status));
  while (performance.now() < begun + 3_000) {
    expect(new Set(await statuses())).toEqual(new Set(['PENDING']));
    await sleep(200);
  }
  await eventually(async () => expect(new Set(await statuses())).toEqual(new Set(['UNWINDING'])), {
    timeoutMs: 15_000,
  });
  const expiredMs = Math.round(performance.now() - begun);
  configure(rig.stack, 'put', 'order/holdSeconds', '900');
  await Promise.all(rig.of('payment').map((program) => program.start()));
  await eventually(async () => expect(new Set(await statuses())).toEqual(new Set(['EXPIRED'])), { timeoutMs: 20_000 });
  print('holds of 4,000 ms by clocks an hour off', { 'all given up after ms': expiredMs });
});

test('each takes over what the other left, and a clock that is set while it runs costs no order', async () => {
  const buying = await load();
  const takenOver: number[] = [];
  const db = connectDatabase({ url: rig.databaseUrl('order'), applicationName: 'e2e' });
  onTestFinished(() => db.close());
  const left = (instance: string) => db.query('SELECT FROM sagas WHERE leased_by = $1', [instance]);
  for (const program of rig.of('order')) {
    const { instance } = program;
    await program.kill();
    const at = performance.now();
    await eventually(async () => expect(await left(instance)).toEqual([]), { timeoutMs: TAKEN_OVER_MS });
    takenOver.push(Math.round(performance.now() - at));
    await program.start();
    await buying.morePaid(20);
  }
  for (const program of rig.programs) {
    program.signal('SIGUSR2');
    await buying.morePaid(10);
  }
  await buying.end();
  expect(buying.failures).toEqual([]);
  expect(await lostOf(buying, rig.gateways[0]!)).toEqual([]);
  print('clocks set by two hours while they run', {
    orders: buying.paid.size,
    'sagas taken over after ms': takenOver.join(', '),
    'failed tries': kindsOf(buying),
    'slowest order ms': Math.round(buying.longestMs),
  });
});
