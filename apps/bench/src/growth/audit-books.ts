import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit } from '../shop/audit.ts';
import type { Databases } from './grow.ts';

/** Ids by how many they are and the sum of a hash of each: equal where the ids are, but for one chance in 2^63. */
interface Ids {
  readonly ids: number;
  readonly sum: string;
}

const idsOf = (key: string, from: string) =>
  `SELECT count(*) AS ids, coalesce(sum(hashtextextended(${key}::text, 0)), 0)::text AS sum FROM ${from}`;

const PAID = idsOf('id', `orders WHERE status IN ('PAID', 'SHIPPED')`);
const TOLD = idsOf('order_id', `outbox WHERE status = 'PAID'`);
const DELIVERED = idsOf('order_id', `reservations WHERE state = 'COMMITTED'`);
const CHARGED = idsOf('order_id', `payments WHERE state = 'CHARGED'`);
const TAKEN = idsOf('key', `sandbox.accounts WHERE charges = 1 AND refunds = 0`);
const UNBALANCED = `
  SELECT count(*) AS count FROM products
  LEFT JOIN (SELECT sku, sum(quantity) AS units FROM stock_entries GROUP BY sku) AS came_in USING (sku)
  LEFT JOIN (
    SELECT line ->> 'sku' AS sku, sum((line ->> 'quantity')::bigint) AS units
    FROM reservations, jsonb_array_elements(lines) AS line WHERE state IN ('HELD', 'COMMITTED') GROUP BY 1
  ) AS went_out USING (sku)
  WHERE available < 0 OR coalesce(came_in.units, 0) <> available + coalesce(went_out.units, 0)`;

const QUIET_MS = 120_000;
const POLL_MS = 200;

/**
 * What `npm run audit` checks, in SQL: to read the books of millions of orders out of their services takes minutes and gigabytes. Orders of other
 * fates than paid must have neither units nor a charge, so the same ids must be in every book.
 */
export async function auditBooks(
  { within }: Databases,
  acknowledged: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Audit> {
  const ask = async <Row extends object>(
    database: string,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Row> => {
    const [row] = await within(database, (connected) => connected.query<Row>(sql, values));
    if (row === undefined) throw new Error(`nothing is answered to ${sql}`);
    return row;
  };
  const count = async (database: string, sql: string, values: readonly unknown[] = []) =>
    (await ask<{ count: number }>(database, sql, values)).count;

  const giveUpAt = performance.now() + QUIET_MS;
  const moving = () => count('order', 'SELECT count(*) AS count FROM sagas');
  while ((await moving()) > 0 && performance.now() < giveUpAt) await sleep(POLL_MS, undefined, { signal });

  const paid = await ask<Ids>('order', PAID);
  const books = {
    'outcomes that were told': await ask<Ids>('order', TOLD),
    'reservations that were delivered': await ask<Ids>('inventory', DELIVERED),
    charges: await ask<Ids>('payment', CHARGED),
    "the provider's charges": await ask<Ids>('payment', TAKEN),
  };
  const differing = Object.entries(books).filter(([, { ids, sum }]) => ids !== paid.ids || sum !== paid.sum);
  const left = {
    'orders not at rest': await moving(),
    'units held': await count('inventory', `SELECT count(*) AS count FROM reservations WHERE state = 'HELD'`),
    'transfers that do not sum to zero': await count(
      'payment',
      'SELECT coalesce(sum(amount_minor), 0)::bigint AS count FROM entries',
    ),
  };
  return {
    oversold: await count('inventory', UNBALANCED),
    doubleCharged: await count('payment', 'SELECT count(*) AS count FROM sandbox.accounts WHERE charges > 1'),
    lost: await count(
      'order',
      `SELECT count(*) AS count FROM unnest($1::text[]) AS wanted (key) WHERE NOT EXISTS (
         SELECT FROM (SELECT idempotency_key FROM orders WHERE status IN ('PAID', 'SHIPPED') AND idempotency_key NOT LIKE 'grown-%') AS bought
         WHERE bought.idempotency_key = wanted.key)`,
      [[...acknowledged]],
    ),
    other: [
      ...differing.map(([name, { ids }]) => `${paid.ids} paid orders, but ${ids} ${name}, or those of others`),
      ...Object.entries(left).flatMap(([name, found]) => (found === 0 ? [] : [`${found} ${name}`])),
    ],
  };
}
