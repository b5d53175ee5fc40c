import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditBooks } from './audit-books.ts';
import { aDayAgo, grow, type Databases } from './grow.ts';

const ORDER = '0198b2a4-7f00-7000-8000-000000000001';
const USERS = ['0198b2a4-7f00-7000-8000-00000000000a', '0198b2a4-7f00-7000-8000-00000000000b'];
const { signal } = new AbortController();

const connected = new Map<string, Database>();
const drops: (() => Promise<void>)[] = [];
const databases: Databases = {
  within: (name, work) => work(connected.get(name)!),
};

/** One order that was paid and delivered, as the services write it. */
const BOOKS = {
  order: [
    `INSERT INTO orders (id, user_id, total_minor, created_at, updated_at, version, paid, status, currency, idempotency_key, request_hash, lines)
     VALUES ('${ORDER}', '${USERS[0]!}', 1999, now(), now(), 2, true, 'PAID', 'EUR', 'mine', '\\x01', '[]')`,
    `INSERT INTO outbox (order_id, version, id, status, payload) VALUES ('${ORDER}', 2, '${ORDER}', 'PAID', '\\x02')`,
  ],
  inventory: [
    `INSERT INTO products (sku, title, currency, unit_price_minor, available) VALUES ('tee', 'Tee', 'EUR', 1999, 9998)`,
    `INSERT INTO stock_entries (sku, kind, quantity) VALUES ('tee', 'INITIAL', 10000)`,
    `INSERT INTO reservations (order_id, state, lines, created_at, updated_at)
     VALUES ('${ORDER}', 'COMMITTED', '[{"sku": "tee", "quantity": 2, "currency": "EUR", "amountMinor": 1999}]', now(), now())`,
  ],
  payment: [
    `INSERT INTO payments (order_id, user_id, amount_minor, state, currency, token_hash)
     VALUES ('${ORDER}', '${USERS[0]!}', 1999, 'CHARGED', 'EUR', '\\x03')`,
    `INSERT INTO sandbox.accounts (key, status, amount_minor, currency, charges, refunds) VALUES ('${ORDER}', 'charged', 1999, 'EUR', 1, 0)`,
  ],
};

beforeAll(async () => {
  for (const [name, statements] of Object.entries(BOOKS)) {
    const { url, adminUrl, drop } = await useDatabase(`growth ${name}`);
    drops.push(drop);
    const log = { info: () => undefined, warn: () => undefined };
    await migrate({ url, directory: new URL(`../../../${name}/src/store/migrations/`, import.meta.url), log });
    const database = connectDatabase({ url: adminUrl, applicationName: 'spec', max: 1 });
    connected.set(name, database);
    for (const statement of statements) await database.query(statement);
    connected.set('postgres', database);
  }
});

afterAll(async () => {
  await Promise.all([...new Set(connected.values())].map((database) => database.close()));
  for (const drop of drops) await drop();
});

const one = async (name: string, sql: string) => (await connected.get(name)!.query<{ value: number }>(sql))[0]?.value;
const audit = (...acknowledged: string[]) => auditBooks(databases, new Set(acknowledged), signal);
const clean = { oversold: 0, doubleCharged: 0, lost: 0, other: [] };

test('a shop that was grown, twice, keeps its books', async () => {
  expect(await audit('mine')).toEqual(clean);
  const since = aDayAgo();
  await grow(databases, { users: USERS, since, from: 1, to: 300, signal });
  await grow(databases, { users: USERS, since, from: 301, to: 1_000, signal });
  expect(await audit('mine')).toEqual(clean);
  expect(await one('order', 'SELECT count(*) AS value FROM orders')).toBe(1_001);
  expect(await one('inventory', 'SELECT available AS value FROM products')).toBe(9_998 - 2_000);
  const indexes = `SELECT count(*) AS value FROM pg_indexes WHERE tablename = 'orders'`;
  expect(await one('order', indexes)).toBe(3);
  const newest = `SELECT (extract(epoch FROM uuid_extract_timestamp(max(id::text)::uuid)) * 1000)::bigint AS value FROM orders WHERE idempotency_key <> 'mine'`;
  expect(await one('order', newest)).toBe(since + 10_000);
  expect(await one('order', 'SELECT count(*) AS value FROM orders GROUP BY user_id ORDER BY 1 LIMIT 1')).toBe(500);
  expect(
    await one('payment', `SELECT count(*) AS value FROM payments WHERE create_time > now() - interval '1 day'`),
  ).toBe(1);
});

test.each([
  ['an order that was acknowledged and is not there', '', '', { lost: 1 }],
  ['a unit too few', 'inventory', 'UPDATE products SET available = available - 1', { oversold: 1 }],
  [
    'a second charge',
    'payment',
    `UPDATE sandbox.accounts SET charges = 2 WHERE key = '${ORDER}'`,
    { doubleCharged: 1, other: [expect.stringContaining("the provider's charges")] },
  ],
  [
    'a paid order without its units',
    'inventory',
    `DELETE FROM reservations WHERE order_id = '${ORDER}'`,
    { oversold: 1, other: [expect.stringContaining('reservations that were delivered')] },
  ],
  [
    'a charge of another order',
    'payment',
    `UPDATE payments SET order_id = uuidv7() WHERE order_id = '${ORDER}'`,
    { other: [expect.stringContaining('charges')] },
  ],
  [
    'an outcome that was not told',
    'order',
    `DELETE FROM outbox WHERE order_id = '${ORDER}'`,
    { other: [expect.stringContaining('outcomes')] },
  ],
])('%s is found', async (_, name, harm, found) => {
  const database = connected.get(name);
  await database?.query('BEGIN');
  await database?.query(harm);
  try {
    expect(await audit(...(harm === '' ? ['theirs'] : []))).toEqual({ ...clean, ...found });
  } finally {
    await database?.query('ROLLBACK');
  }
});
