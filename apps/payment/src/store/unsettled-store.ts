import type { Database, Queryable } from '@stampede/postgres';
import type { Payment } from '../domain/payment.ts';
import type { Claim, UnsettledStore } from '../domain/payment-store.ts';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-row.ts';

/**
 * How far back each sweep looks again: rows carry the time at which their statement began, and may be committed a little later. Far longer than
 * a statement may take.
 */
const OVERLAP = `interval '5 minutes'`;

const CLAIM = `
WITH due AS MATERIALIZED (
  SELECT order_id FROM unsettled WHERE due_time <= now() ORDER BY due_time LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE unsettled u
SET attempts = u.attempts + 1, due_time = now() + least($2::float8 * 2 ^ least(u.attempts, 30), $3::float8) * interval '1 millisecond'
FROM due, payments p
WHERE u.order_id = due.order_id AND p.order_id = due.order_id
RETURNING ${PAYMENT_COLUMNS}`;

/** What was left in the middle of something, found and shared out by leases in the database's time. */
export function createUnsettledStore(db: Database): UnsettledStore {
  return {
    sweep: (staleMs, written) =>
      db.transaction(async (tx) => {
        await sweep(tx, staleMs);
        await written?.();
      }),
    async claim({ leaseMs, maxLeaseMs, limit }: Claim): Promise<readonly Payment[]> {
      const rows = await db.query<PaymentRow>(CLAIM, [limit, leaseMs, maxLeaseMs], { name: 'claim-unsettled' });
      return rows.map(paymentOf);
    },
    async release(orderIds) {
      await db.query(`DELETE FROM unsettled WHERE order_id = ANY ($1::uuid[])`, [orderIds], {
        name: 'release-unsettled',
      });
    },
  };
}

/** Writes down the intents that have stood for `staleMs`; one instance at a time, the others skip it. */
async function sweep(tx: Queryable, staleMs: number): Promise<void> {
  const [mark] = await tx.query<{ swept_until: string; now: string }>(
    `SELECT swept_until::text, (now() - $1 * interval '1 millisecond')::text AS now FROM sweep FOR UPDATE SKIP LOCKED`,
    [staleMs],
  );
  if (mark === undefined) return;
  await tx.query(
    `INSERT INTO unsettled (order_id, due_time)
     SELECT order_id, now() FROM payments
     WHERE create_time >= $1::timestamptz - ${OVERLAP} AND create_time <= $2::timestamptz AND state = 'INTENDED'
     ON CONFLICT (order_id) DO NOTHING`,
    [mark.swept_until, mark.now],
  );
  await tx.query(`UPDATE sweep SET swept_until = greatest(swept_until, $1::timestamptz)`, [mark.now]);
}
