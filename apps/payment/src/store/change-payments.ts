import { textArray, uuidArray, type Queryable } from '@stampede/postgres';
import { changed, type Change, type Payment } from '../domain/payment.ts';

const UPDATE = `
UPDATE payments p SET state = c.target, decline_code = c.decline_code, update_time = now()
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS c (order_id, origin, target, decline_code)
WHERE p.order_id = c.order_id AND p.state = c.origin
RETURNING p.order_id`;

/** When it was, and who did not stand where its change begins: hardly anybody ever. */
const ANSWER = `
SELECT now() AS update_time, ARRAY(SELECT order_id FROM unnest($1::uuid[]) AS c (order_id) WHERE order_id NOT IN (SELECT order_id FROM changed)) AS left_out`;

/** A verdict on an intent, the path of every paid order: one row, and nothing else looked at. */
const VERDICT = `WITH changed AS (${UPDATE})${ANSWER}`;

/**
 * A step of undoing, one statement and so one transaction: whoever means to undo is written down until that is done, and what is refunded
 * books its transfer. $5: milliseconds that the one who began has before recovery looks after it.
 */
const UNDOING = `
WITH changed AS (${UPDATE}, p.user_id, p.amount_minor, p.currency, p.state), refunded AS (
  INSERT INTO refunds (order_id, user_id, amount_minor, currency)
  SELECT order_id, user_id, amount_minor, currency FROM changed WHERE state = 'REFUNDED'
), begun AS (
  INSERT INTO unsettled (order_id, due_time)
  SELECT order_id, now() + $5 * interval '1 millisecond' FROM changed WHERE state IN ('VOIDING', 'REFUNDING')
  ON CONFLICT (order_id) DO NOTHING
), done AS (
  DELETE FROM unsettled u USING changed c WHERE u.order_id = c.order_id AND c.state IN ('VOIDED', 'REFUNDED')
)${ANSWER}`;

export interface PaymentChange {
  readonly payment: Payment;
  readonly change: Change;
}

/**
 * Moves a batch of payments by compare-and-set; undefined for each that did not stand where its change begins. At most one change an order. A
 * batch is all verdicts or all steps of undoing.
 */
export async function changePayments(
  db: Queryable,
  changes: readonly PaymentChange[],
  { undoMs }: { readonly undoMs: number },
): Promise<readonly (Payment | undefined)[]> {
  const sorted = changes.toSorted((a, b) => (a.payment.orderId < b.payment.orderId ? -1 : 1));
  const verdicts = sorted.every(({ change }) => isVerdict(change));
  const values: unknown[] = [
    uuidArray(sorted.map(({ payment }) => payment.orderId)),
    textArray(sorted.map(({ change }) => change.from)),
    textArray(sorted.map(({ change }) => change.to)),
    textArray(sorted.map(({ change }) => (change.to === 'DECLINED' ? change.declineCode : null))),
  ];
  const [answer] = verdicts
    ? await db.query<Answer>(VERDICT, values, { name: 'commit-verdicts' })
    : await db.query<Answer>(UNDOING, [...values, undoMs], { name: 'undo-payments' });
  if (answer === undefined) throw new Error('a SELECT without FROM has one row');
  const { update_time: updateTime } = answer;
  const leftOut = new Set(answer.left_out);
  return changes.map(({ payment, change }) =>
    leftOut.has(payment.orderId) ? undefined : changed(payment, change, updateTime),
  );
}

interface Answer {
  readonly update_time: Date;
  readonly left_out: readonly string[];
}

/** What the provider said of an intent; all other changes undo. */
export function isVerdict({ to }: Change): boolean {
  return to === 'CHARGED' || to === 'DECLINED';
}
