import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBalancer, type Balancer } from './support/balancer.ts';
import { startBrowsing, type Browsing } from './support/browsing.ts';
import { kindsOf, longestGap, print } from './support/figures.ts';
import { lostOf, startLoad, type Load } from './support/load.ts';
import { startRig, type Rig } from './support/rig.ts';
import { ROUNDS } from './support/rounds.ts';
import { logIn, newProduct } from './support/shopper.ts';
import { auditStack } from './support/stack.ts';

/** Five with ten rounds. */
const TURNS = Math.ceil(ROUNDS / 2);
const APPS = ['user', 'inventory', 'payment', 'order', 'gateway'] as const;
/** After a SIGKILL, what was in flight and may not be repeated may fail; nothing may from here on. */
const OVER_MS = 1_000;

let rig: Rig;
let balancer: Balancer;
let load: Load;
let browsing: Browsing;
beforeAll(async () => {
  rig = await startRig({
    instances: { user: 2, inventory: 2, payment: 2, order: 2, gateway: 2 },
    // As an operator would: longer than whatever stands before the gateways takes to notice, on a busy machine, too.
    env: { gateway: { GATEWAY_DRAIN_MS: '1500' } },
  });
  balancer = startBalancer(rig.gateways);
}, 150_000);
afterAll(async () => {
  await balancer.end();
  await rig.close();
});

beforeEach(async () => {
  const sku = await newProduct(await logIn(rig.stack, rig.stack.operator), 10_000_000);
  const { token } = await logIn(rig.stack, rig.stack.customer);
  const gateways = () => balancer.ready();
  load = startLoad({ gateways, tokens: [token], skus: [sku], buyers: 4 });
  browsing = startBrowsing({ gateways, token, account: rig.stack.customer });
  await load.morePaid(20);
});
afterEach(async () => {
  await Promise.all([load.end(), browsing.end()]);
  expect(load.failures).toEqual([]);
  expect(await lostOf(load, rig.gateways[0]!)).toEqual([]);
  expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 });
});

test(`every instance of everything is restarted, one after the other, ${TURNS} times over: no call fails`, async () => {
  const begun = performance.now();
  const stopMs: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    for (const program of APPS.flatMap((app) => rig.of(app))) {
      const asked = performance.now();
      expect([program.name, await program.stop()]).toEqual([program.name, 'code 0']);
      stopMs.push(performance.now() - asked);
      await load.morePaid(5);
      await program.start();
      await load.morePaid(5);
    }
  }
  print('rolling restart', {
    restarts: stopMs.length,
    'slowest stop ms': Math.round(Math.max(...stopMs)),
    orders: load.paid.size,
    'other calls': browsing.calls,
    'failed tries of orders': kindsOf(load),
    'failed other calls': kindsOf(browsing),
    'no sales for ms': longestGap(load, begun, performance.now()),
    'slowest order ms': Math.round(load.longestMs),
  });
  expect([load.rawFailures, browsing.rawFailures]).toEqual([[], []]);
}, 300_000);

test('one instance of each is killed: only what was in flight may fail, and nothing after a second', async () => {
  const late: string[] = [];
  const begun = performance.now();
  for (const app of APPS) {
    const program = rig.program(`${app}-1`);
    const at = performance.now();
    await program.kill();
    await load.morePaid(20);
    while (performance.now() < at + 1.5 * OVER_MS) await load.morePaid(1);
    for (const { at: when, what } of [...load.rawFailures, ...browsing.rawFailures]) {
      if (when > at + OVER_MS) late.push(`${what} ${Math.round(when - at)} ms after ${app} was killed`);
    }
    await program.start();
    await load.morePaid(5);
  }
  print('one of each killed', {
    orders: load.paid.size,
    'other calls': browsing.calls,
    'failed tries of orders': kindsOf(load),
    'failed other calls': kindsOf(browsing),
    'no sales for ms': longestGap(load, begun, performance.now()),
    'slowest order ms': Math.round(load.longestMs),
  });
  expect(late).toEqual([]);
}, 120_000);
