import { connectDatabase } from '@stampede/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kindsOf, longestGap, print } from './support/figures.ts';
import { lostOf, startLoad } from './support/load.ts';
import { startRig, type Rig } from './support/rig.ts';
import { ROUNDS } from './support/rounds.ts';
import { logIn, newProduct } from './support/shopper.ts';
import { auditStack } from './support/stack.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
}, 150_000);
afterAll(() => rig.close());

const DATABASES = ['user', 'inventory', 'payment', 'order'] as const;
/** What makes a commit wait for the disk. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** What a service's sessions run with, asked of the running server. */
async function settings(app: (typeof DATABASES)[number]): Promise<Record<string, string>> {
  const db = connectDatabase({ url: rig.databaseUrl(app), applicationName: 'e2e' });
  const rows = await db.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [Object.keys(DURABLE)],
  );
  await db.close();
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

/** Ms before a kill, in which an order was answered whose commit nothing but the log on disk could keep. */
const FRESH_MS = 100;

test(`every order that got its 201 is there after Postgres was killed ${ROUNDS} times under load`, async () => {
  const operator = await logIn(rig.stack, rig.stack.operator);
  const { token } = await logIn(rig.stack, rig.stack.customer);
  const sku = await newProduct(operator, 10_000_000);
  const load = startLoad({ gateways: () => rig.gateways, tokens: [token], skus: [sku], buyers: 16 });
  const downMs: number[] = [];
  let killed = 0;
  let fresh = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await load.morePaid(100);
    for (const app of DATABASES) expect(await settings(app)).toEqual(DURABLE);
    killed += await rig.killPostgres();
    const at = performance.now();
    fresh += [...load.paid.values()].filter((order) => order.at > at - FRESH_MS).length;
    await load.morePaid(20);
    downMs.push(longestGap(load, at, performance.now()));
  }
  await load.morePaid(100);
  await load.end();

  expect(load.failures).toEqual([]);
  expect(await lostOf(load, rig.gateways[0]!)).toEqual([]);
  expect(await auditStack(rig.stack)).toMatchObject({ clean: true, moving: 0 });
  print('acknowledged means kept', {
    'orders acknowledged': load.paid.size,
    [`of them within ${FRESH_MS} ms before a kill`]: fresh,
    kills: ROUNDS,
    'processes killed': killed,
    'lost orders': 0,
    'failed tries': kindsOf(load),
    'no sales for ms': downMs.join(', '),
  });
}, 240_000);
