import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ReserveRequest } from '../domain/decide.ts';
import type { Line } from '../domain/reservation.ts';
import { UNIT_PRICE, useInventory } from '../specs/use-inventory.ts';
import { createBooksStore } from './books-store.ts';
import { decideBatch } from './decide-batch.ts';
import { HOLD_ALL, holdAll } from './hold-all.ts';

const inventory = useInventory();
const { connect, newProduct, left } = inventory;

const line = (sku: string, quantity = 1, amountMinor = 100): Line => ({
  sku,
  quantity,
  expectedUnitPrice: { currency: 'EUR', amountMinor },
});
const reserve = (...lines: Line[]): ReserveRequest => ({ kind: 'reserve', orderId: randomUUID(), lines });
const verdictsOf = (requests: readonly ReserveRequest[]) =>
  inventory.database.query('SELECT state FROM reservations WHERE order_id = ANY ($1)', [
    requests.map(({ orderId }) => orderId),
  ]);

test('holds a batch to the last unit, lines of one SKU added up, and answers what is read afterwards', async () => {
  const [one, two] = [await newProduct(6), await newProduct(9)];
  const requests = [reserve(line(one), line(two, 2), line(one, 2)), reserve(line(two)), reserve(line(one, 3))];
  const answers = await holdAll(inventory.database, requests);
  expect(answers?.map((answer) => answer.ok && answer.reservation)).toMatchObject(
    requests.map(({ orderId, lines }) => ({ orderId, lines, state: 'HELD' })),
  );
  expect([await left(one), await left(two)]).toEqual([0, 6]);
  expect(await decideBatch(inventory.database, requests)).toEqual(answers);
  const balances = await createBooksStore(inventory.database).balances();
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
  ['another currency', (sku) => reserve({ ...line(sku), expectedUnitPrice: { ...UNIT_PRICE, currency: 'USD' } })],
  ['an unknown SKU', () => reserve(line('none'))],
])('does nothing at all where one of the batch meets %s', async (_, odd) => {
  const [one, two] = [await newProduct(10), await newProduct(10)];
  const requests = [reserve(line(one)), reserve(line(one), line(two)), odd(one)];
  expect(await holdAll(inventory.database, requests)).toBeUndefined();
  expect([await left(one), await left(two)]).toEqual([10, 10]);
  expect(await verdictsOf(requests)).toEqual([]);
});

test('does nothing at all where one of the batch was decided before, and keeps to that verdict', async () => {
  const sku = await newProduct(10);
  const [known, fresh] = [reserve(line(sku)), reserve(line(sku))];
  await decideBatch(inventory.database, [{ kind: 'release', orderId: known.orderId }]);
  expect(await holdAll(inventory.database, [fresh, known])).toBeUndefined();
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
  const held = Promise.all(
    [inventory.database, other, inventory.database, other].map((each) => holdAll(each, [reserve(line(sku))])),
  );
  expect((await held).filter((answers) => answers !== undefined)).toHaveLength(3);
  expect(await left(sku)).toBe(0);
});

test.each([3, 1_000])('locks rows in the order in which they are named, of %i products', async (products) => {
  const shop = connect({ url: await inventory.migrated(), max: 1 });
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
