import { byteaArray, int8Array, textArray, uuidArray, type Queryable } from '@stampede/postgres';
import type { Opening, Payment } from '../domain/payment.ts';
import type { Begun } from '../domain/payment-store.ts';
import { findPayments } from './find-payments.ts';

/** Answers when it was, and which orders have a row already: hardly any ever. */
const SQL = `
WITH begun AS (
  INSERT INTO payments (order_id, state, user_id, currency, amount_minor, token_hash)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
  ON CONFLICT (order_id) DO NOTHING
  RETURNING order_id
)
SELECT now() AS time, ARRAY(SELECT order_id FROM unnest($1::uuid[]) AS o (order_id) WHERE order_id NOT IN (SELECT order_id FROM begun)) AS left_out`;

/**
 * Writes a batch of openings: one statement, and a second one only for the orders that have a row already (a statement does not see what
 * was committed while it waited for it). One answer an opening, in their order; of several for one order the first may create the row.
 */
export async function beginPayments(db: Queryable, openings: readonly Opening[]): Promise<readonly Begun[]> {
  // Rows are locked in this order; batches that share orders must take them in the same one.
  const sorted = openings.toSorted((a, b) => (a.orderId < b.orderId ? -1 : a.orderId > b.orderId ? 1 : 0));
  const intents = sorted.map((opening) => (opening.state === 'INTENDED' ? opening.intent : undefined));
  const [answer] = await db.query<{ time: Date; left_out: readonly string[] }>(
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
  if (answer === undefined) throw new Error('a SELECT without FROM has one row');
  const { time, left_out: leftOut } = answer;
  const known = new Map(leftOut.length === 0 ? [] : await findPayments(db, leftOut));
  const others = new Set(leftOut);
  return openings.map((opening) => {
    const { orderId } = opening;
    const mine = !known.has(orderId) && !others.has(orderId);
    if (mine) known.set(orderId, asWritten(opening, time));
    const payment = known.get(orderId);
    if (payment === undefined) throw new Error(`payment ${orderId} was neither written nor found`);
    return { payment, created: mine };
  });
}

/** A row that was just written is what was asked for, and the database's time. */
function asWritten(opening: Opening, time: Date): Payment {
  const { orderId, state } = opening;
  const common = { orderId, createTime: time, updateTime: time };
  return state === 'VOIDED' ? { ...common, state, intent: undefined } : { ...common, state, intent: opening.intent };
}
