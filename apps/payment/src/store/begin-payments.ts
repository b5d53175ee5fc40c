import { byteaArray, int8Array, textArray, uuidArray, type Queryable } from '@stampede/postgres';
import type { Opening, Payment } from '../domain/payment.ts';
import type { Begun } from '../domain/payment-store.ts';
import { findPayments } from './find-payments.ts';
import type { PaymentRow } from './payment-row.ts';

const SQL = `
INSERT INTO payments AS p (order_id, state, user_id, currency, amount_minor, token_hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
ON CONFLICT (order_id) DO NOTHING
RETURNING p.order_id, p.create_time, p.update_time`;

/**
 * Writes a batch of openings: one statement, and a second one only for the orders that have a row already (a statement does not see what
 * was committed while it waited for it). One answer an opening, in their order; of several for one order the first may create the row.
 */
export async function beginPayments(db: Queryable, openings: readonly Opening[]): Promise<readonly Begun[]> {
  // Rows are locked in this order; batches that share orders must take them in the same one.
  const sorted = openings.toSorted((a, b) => (a.orderId < b.orderId ? -1 : a.orderId > b.orderId ? 1 : 0));
  const intents = sorted.map((opening) => (opening.state === 'INTENDED' ? opening.intent : undefined));
  const rows = await db.query<WrittenRow>(
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
  const created = new Map(rows.map((row) => [row.order_id, row]));
  const others = openings.map(({ orderId }) => orderId).filter((orderId) => !created.has(orderId));
  const existing = others.length === 0 ? undefined : await findPayments(db, others);
  const claimed = new Map<string, Payment>();
  return openings.map((opening) => {
    const { orderId } = opening;
    const row = created.get(orderId);
    const mine = row !== undefined && !claimed.has(orderId);
    if (mine) claimed.set(orderId, asWritten(opening, row));
    const payment = claimed.get(orderId) ?? existing?.get(orderId);
    if (payment === undefined) throw new Error(`payment ${orderId} was neither written nor found`);
    return { payment, created: mine };
  });
}

type WrittenRow = Pick<PaymentRow, 'order_id' | 'create_time' | 'update_time'>;

/** A row that was just written is what was asked for, and the database's times. */
function asWritten(opening: Opening, { create_time, update_time }: WrittenRow): Payment {
  const { orderId, state } = opening;
  const common = { orderId, createTime: create_time, updateTime: update_time };
  return state === 'VOIDED' ? { ...common, state, intent: undefined } : { ...common, state, intent: opening.intent };
}
