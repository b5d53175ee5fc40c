import { byteaArray, int8Array, textArray, uuidArray, type Queryable } from '@stampede/postgres';
import type { Opening, Payment } from '../domain/payment.ts';
import type { Begun } from '../domain/payment-store.ts';
import { findPayments } from './find-payments.ts';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-row.ts';

const SQL = `
INSERT INTO payments AS p (order_id, state, user_id, currency, amount_minor, token_hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
ON CONFLICT (order_id) DO NOTHING
RETURNING ${PAYMENT_COLUMNS}`;

/**
 * Writes a batch of openings: one statement, and a second one only for the orders that have a row already (a statement does not see what
 * was committed while it waited for it). One answer an opening, in their order; of several for one order the first may create the row.
 */
export async function beginPayments(db: Queryable, openings: readonly Opening[]): Promise<readonly Begun[]> {
  // Rows are locked in this order; batches that share orders must take them in the same one.
  const sorted = openings.toSorted((a, b) => (a.orderId < b.orderId ? -1 : a.orderId > b.orderId ? 1 : 0));
  const intents = sorted.map((opening) => (opening.state === 'INTENDED' ? opening.intent : undefined));
  const rows = await db.query<PaymentRow>(
    SQL,
    [
      uuidArray(sorted.map(({ orderId }) => orderId)),
      textArray(sorted.map(({ state }) => state)),
      uuidArray(intents.map((intent) => intent?.userId)),
      textArray(intents.map((intent) => intent?.amount.currency)),
      int8Array(intents.map((intent) => intent?.amount.amountMinor)),
      byteaArray(intents.map((intent) => intent && Buffer.from(intent.tokenHash, 'hex'))),
    ],
    { name: 'begin-payments' },
  );
  const created = new Map<string, Payment>(rows.map((row) => [row.order_id, paymentOf(row)]));
  const others = openings.map(({ orderId }) => orderId).filter((orderId) => !created.has(orderId));
  const existing = others.length === 0 ? undefined : await findPayments(db, others);
  const claimed = new Set<string>();
  return openings.map(({ orderId }) => {
    const payment = created.get(orderId) ?? existing?.get(orderId);
    if (payment === undefined) throw new Error(`payment ${orderId} was neither written nor found`);
    const mine = created.has(orderId) && !claimed.has(orderId);
    claimed.add(orderId);
    return { payment, created: mine };
  });
}
