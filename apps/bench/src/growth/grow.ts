import type { Queryable } from '@stampede/postgres';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPostgres } from '../shop/database.ts';
import { copyRows, withoutIndexes, type Copied, type Copies } from './copy-rows.ts';

/** Where a shop's books are. */
export type Databases = Pick<BenchPostgres, 'within'>;

/** Every table that an order that was paid and delivered has a row in. */
const TABLES: Readonly<Record<'order' | 'inventory' | 'payment', readonly Copied[]>> = {
  order: [
    {
      table: 'orders',
      key: 'id',
      type: 'uuid',
      columns: { user_id: 'nth.users[1 + nth.n % cardinality(nth.users)]', idempotency_key: `'grown-' || nth.n` },
    },
    { table: 'outbox', key: 'order_id', type: 'uuid', columns: { id: 'nth.id' } },
  ],
  inventory: [{ table: 'reservations', key: 'order_id', type: 'uuid', columns: {} }],
  payment: [
    {
      table: 'payments',
      key: 'order_id',
      type: 'uuid',
      // Long ago, so that recovery, which looks at what is new, has looked at them.
      columns: {
        user_id: 'nth.users[1 + nth.n % cardinality(nth.users)]',
        create_time: `now() - interval '30 days'`,
        update_time: `now() - interval '30 days'`,
      },
    },
    { table: 'sandbox.accounts', key: 'key', type: 'text', columns: {} },
  ],
};

const PATIENCE_MS = 30_000;
const POLL_MS = 200;
const DAY_MS = 86_400_000;

/** Ids of an order a day ago come before all that are made from now on. */
export function aDayAgo(): number {
  return Date.now() - DAY_MS;
}

/**
 * Makes a shop, which must be quiet, one with more orders: copies of one that was really bought, in every service's books, so that the audit
 * holds. Afterwards its tables are as vacuumed as autovacuum would have them by and by, and all is on the disk.
 */
export async function grow(databases: Databases, growth: Omit<Copies, 'template'>): Promise<void> {
  const template = await findTemplate(databases, growth.signal);
  const copies = { ...growth, template };
  await setAutovacuum(databases, 'off');
  await Promise.all([
    fill('order', (database) => withoutIndexes(database, 'orders', () => copyAll(database, TABLES.order))),
    fill('inventory', async (database) => {
      await copyAll(database, TABLES.inventory);
      await takeUnits(database, template, copies.to - copies.from + 1);
    }),
    fill('payment', (database) => copyAll(database, TABLES.payment)),
  ]);
  await setAutovacuum(databases, 'on');
  await databases.within('postgres', (database) => database.query('CHECKPOINT'));

  async function copyAll(database: Queryable, tables: readonly Copied[]): Promise<void> {
    for (const copied of tables) await copyRows(database, copied, copies);
  }

  function fill(name: keyof typeof TABLES, write: (database: Queryable) => Promise<void>): Promise<void> {
    return databases.within(name, async (database) => {
      // Nothing of this has to outlive a crash, and half of it is of no use.
      await database.query('SET synchronous_commit = off');
      await write(database);
      for (const { table } of TABLES[name]) await database.query(`VACUUM (ANALYZE) ${table}`);
    });
  }
}

/** An order that is paid, delivered and at rest in every service. */
async function findTemplate({ within }: Databases, signal: AbortSignal): Promise<string> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const [order] = await within('order', (database) =>
      database.query<{ id: string }>(
        `SELECT id FROM orders o WHERE status = 'PAID' AND NOT EXISTS (SELECT FROM sagas s WHERE s.order_id = o.id) LIMIT 1`,
      ),
    );
    const settled =
      order &&
      (await within('inventory', (database) =>
        database.query(`SELECT 1 FROM reservations WHERE order_id = $1 AND state = 'COMMITTED'`, [order.id]),
      ));
    if (settled?.length === 1) return order?.id ?? '';
    if (performance.now() > giveUpAt) throw new Error('there is no order to copy');
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** What the copies hold is no longer there to be bought. */
async function takeUnits(database: Queryable, template: string, orders: number): Promise<void> {
  await database.query(
    `UPDATE products SET available = available - $2 * units FROM (
       SELECT line ->> 'sku' AS taken, sum((line ->> 'quantity')::bigint) AS units
       FROM reservations, jsonb_array_elements(lines) AS line WHERE order_id = $1 GROUP BY 1
     ) AS wanted WHERE sku = taken`,
    [template, orders],
  );
}

async function setAutovacuum({ within }: Databases, value: 'on' | 'off'): Promise<void> {
  await within('postgres', async (database) => {
    await database.query(`ALTER SYSTEM SET autovacuum = ${value}`);
    await database.query('SELECT pg_reload_conf()');
  });
}
