import {
  byteaArray,
  createOptimistic,
  int8Array,
  isUniqueViolation,
  textArray,
  uuidArray,
  type Database,
} from '@stampede/postgres';
import type { Opening, Payment } from '../domain/payment.ts';
import type { Begun } from '../domain/payment-store.ts';
import { findPayments } from './find-payments.ts';

/** Where no order has a row. */
const BEGIN = `
WITH begun AS (
  INSERT INTO payments (order_id, state, user_id, currency, amount_minor, token_hash)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
)
SELECT now() AS time, '{}'::uuid[] AS left_out`;

/** Where some may: leaves out, and answers, those orders. */
const BEGIN_NEW = `
WITH begun AS (
  INSERT INTO payments (order_id, state, user_id, currency, amount_minor, token_hash)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[])
  ON CONFLICT (order_id) DO NOTHING
  RETURNING order_id
)
SELECT now() AS time, ARRAY(SELECT order_id FROM unnest($1::uuid[]) AS o (order_id) WHERE order_id NOT IN (SELECT order_id FROM begun)) AS left_out`;

interface Answer {
  readonly time: Date;
  readonly left_out: readonly string[];
}

/**
 * Writes a batch of openings: one statement, which expects orders without a row, and a second one only for those that have one already (a
 * statement does not see what was committed while it waited for it). One answer an opening, in their order; of several for one order the first
 * may create the row.
 */
export function createBeginning(db: Database) {
  const optimistic = createOptimistic({ failed: (error) => isUniqueViolation(error, 'payments_pkey') });

  return async (openings: readonly Opening[]): Promise<readonly Begun[]> => {
    // Rows are locked in this order; batches that share orders must take them in the same one.
    const sorted = openings.toSorted((a, b) => (a.orderId < b.orderId ? -1 : a.orderId > b.orderId ? 1 : 0));
    const intents = sorted.map((opening) => (opening.state === 'INTENDED' ? opening.intent : undefined));
    const values = [
      uuidArray(sorted.map(({ orderId }) => orderId)),
      textArray(sorted.map(({ state }) => state)),
      uuidArray(intents.map((intent) => intent?.userId)),
      textArray(intents.map((intent) => intent?.amount.currency)),
      int8Array(intents.map((intent) => intent?.amount.amountMinor)),
      byteaArray(intents.map((intent) => intent && Buffer.from(intent.tokenHash, 'hex'))),
    ];
    const [answer] = await optimistic(
      () => db.query<Answer>(BEGIN, values, { name: 'begin-payments' }),
      () => db.query<Answer>(BEGIN_NEW, values, { name: 'begin-new-payments' }),
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
  };
}

/** A row that was just written is what was asked for, and the database's time. */
function asWritten(opening: Opening, time: Date): Payment {
  const { orderId, state } = opening;
  const common = { orderId, createTime: time, updateTime: time };
  return state === 'VOIDED' ? { ...common, state, intent: undefined } : { ...common, state, intent: opening.intent };
}
