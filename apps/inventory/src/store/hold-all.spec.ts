import { randomUUID } from 'node:crypto';
import { connectDatabase, migrate, type Database, type DatabaseOptions } from '@stampede/postgres';
import { silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionsOf } from '../create-ports.ts';
import type { ReserveRequest } from '../domain/decide.ts';
import type { Line } from '../domain/reservation.ts';
import { settingsSchema } from '../settings.ts';
import { createBooksStore } from './books-store.ts';
import { decideBatch } from './decide-batch.ts';
import { HOLD_ALL, holdAll } from './hold-all.ts';
import { createProductStore } from './product-store.ts';

const log = silentLogger();
const unitPrice = { currency: 'EUR', amountMinor: 100 };
const open = new AsyncDisposableStack();
let url: string;
let database: Database;

function connect(options: Partial<DatabaseOptions> = {}): Database {
  const base = { url, applicationName: 'spec', log, ...connectionsOf(settingsSchema.parse({})) };
  const connected = connectDatabase({ ...base, ...options });
  open.defer(() => connected.close());
  return connected;
}

beforeAll(async () => {
  ({ url } = await useDatabase('inventory'));
  await migrate({ url, directory: new URL('./migrations/', import.meta.url), log });
  database = connect();
});
afterAll(() => open.disposeAsync());

async function newProduct(available: number): Promise<string> {
  const sku = randomUUID();
  await createProductStore(database).create({ sku, title: 'x', unitPrice, available });
  return sku;
}
const line = (sku: string, quantity = 1, amountMinor = 100): Line => ({
  sku,
  quantity,
  expectedUnitPrice: { currency: 'EUR', amountMinor },
});
const reserve = (...lines: Line[]): ReserveRequest => ({ kind: 'reserve', orderId: randomUUID(), lines });
const left = async (sku: string) => (await createProductStore(database).find([sku]))[0]?.available;
const verdictsOf = (requests: readonly ReserveRequest[]) =>
  database.query('SELECT state FROM reservations WHERE order_id = ANY ($1)', [requests.map(({ orderId }) => orderId)]);

test('holds a batch to the last unit, lines of one SKU added up, and answers what is read afterwards', async () => {
  const [one, two] = [await newProduct(6), await newProduct(9)];
  const requests = [reserve(line(one), line(two, 2), line(one, 2)), reserve(line(two)), reserve(line(one, 3))];
  const answers = await holdAll(database, requests);
  expect(answers?.map((answer) => answer.ok && answer.reservation)).toMatchObject(
    requests.map(({ orderId, lines }) => ({ orderId, lines, state: 'HELD' })),
  );
  expect([await left(one), await left(two)]).toEqual([0, 6]);
  expect(await decideBatch(database, requests)).toEqual(answers);
  const balances = await createBooksStore(database).balances();
  expect(
    balances
      .filter(({ sku }) => [one, two].includes(sku))
      .map(({ held }) => held)
      .toSorted(),
  ).toEqual([3, 6]);
});

test.each<readonly [string, (sku: string) => ReserveRequest]>([
  ['too few units', (sku) => reserve(line(sku, 9))],
  ['another price', (sku) => reserve(line(sku, 1, 99))],
  ['another currency', (sku) => reserve({ ...line(sku), expectedUnitPrice: { ...unitPrice, currency: 'USD' } })],
  ['an unknown SKU', () => reserve(line('none'))],
])('does nothing at all where one of the batch meets %s', async (_, odd) => {
  const [one, two] = [await newProduct(10), await newProduct(10)];
  const requests = [reserve(line(one)), reserve(line(one), line(two)), odd(one)];
  expect(await holdAll(database, requests)).toBeUndefined();
  expect([await left(one), await left(two)]).toEqual([10, 10]);
  expect(await verdictsOf(requests)).toEqual([]);
});

test('does nothing at all where one of the batch was decided before, and keeps to that verdict', async () => {
  const sku = await newProduct(10);
  const [known, fresh] = [reserve(line(sku)), reserve(line(sku))];
  await decideBatch(database, [{ kind: 'release', orderId: known.orderId }]);
  expect(await holdAll(database, [fresh, known])).toBeUndefined();
  expect(await left(sku)).toBe(10);
  expect(await verdictsOf([fresh, known])).toEqual([{ state: 'RELEASED' }]);
});

test('does nothing where a row is not to be had in time', async () => {
  const sku = await newProduct(10);
  const impatient = connect({ lockTimeoutMs: 20 });
  await connect({ idleInTransactionTimeoutMs: 10_000 }).transaction(async (tx) => {
    await tx.query('SELECT 1 FROM products WHERE sku = $1 FOR UPDATE', [sku]);
    expect(await holdAll(impatient, [reserve(line(sku))])).toBeUndefined();
  });
  expect(await left(sku)).toBe(10);
});

test('waits for another batch of the same SKU, and then takes what that one left', async () => {
  const sku = await newProduct(3);
  const other = connect();
  const held = Promise.all([database, other, database, other].map((each) => holdAll(each, [reserve(line(sku))])));
  expect((await held).filter((answers) => answers !== undefined)).toHaveLength(3);
  expect(await left(sku)).toBe(0);
});

test.each([3, 1_000])('locks rows in the order in which they are named, of %i products', async (products) => {
  const { url: fresh } = await useDatabase('inventory');
  await migrate({ url: fresh, directory: new URL('./migrations/', import.meta.url), log });
  const shop = connect({ url: fresh, max: 1 });
  await shop.query(
    `INSERT INTO products (sku, title, currency, unit_price_minor, available)
     SELECT 'sku-' || lpad(n::text, 4, '0'), 'x', 'EUR', 100, 1000 FROM generate_series(1, $1) AS n ORDER BY random()`,
    [products],
  );
  await shop.query('ANALYZE products');
  await shop.query('SET plan_cache_mode = force_generic_plan');
  await shop.query(`PREPARE hold AS ${HOLD_ALL}`);
  const plan = await shop.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE hold ('{}', '{}', '{}', '{}', '{}', '{}')`);
  const steps = plan.map((row) => row['QUERY PLAN'].replace(/^[ >-]*/, '').replace(/ {2}.*/, ''));
  const scans = steps.filter((step) => /^(Nested Loop|Hash Join|Merge Join|\w+ Scan.* on (w|products p))$/.test(step));
  expect(scans.slice(0, 2)).toEqual(['Nested Loop', 'Function Scan on w']);
});
