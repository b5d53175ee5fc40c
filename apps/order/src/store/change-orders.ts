import {
  boolArray,
  byteaArray,
  int4Array,
  jsonbArray,
  textArray,
  timestampArray,
  uuidArray,
  type Queryable,
} from '@stampede/postgres';
import { isDecided, type Order } from '../domain/order.ts';
import type { Change } from '../domain/ports.ts';
import type { DatabaseClock } from './database-clock.ts';
import type { Lease } from './lease.ts';

/** What is told of an outcome; `rpc/` knows how it is written. */
export interface OutcomeEvent {
  /** UUIDv7. */
  readonly id: string;
  readonly order: Order;
  readonly occurredAt: Date;
}

const CHANGE = `
WITH changed AS (
  UPDATE orders o
  SET version = i.version, status = i.status, paid = i.paid, reason = i.reason, reason_metadata = i.reason_metadata, updated_at = i.updated_at
  FROM unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::boolean[], $5::text[], $6::jsonb[], $7::timestamptz[], $8::uuid[], $9::bytea[]
  ) AS i (id, version, status, paid, reason, reason_metadata, updated_at, event_id, event)
  WHERE o.id = i.id AND o.version = i.version - 1
  RETURNING o.id, i.version, i.status, i.paid, i.event_id, i.event
), told AS (
  INSERT INTO outbox (order_id, version, id, status, payload)
  SELECT id, version, event_id, status, event FROM changed WHERE event IS NOT NULL
), taken_up AS (
  INSERT INTO sagas (order_id, payment_token, expires_at, leased_by, leased_until, unwinding)
  SELECT id, '', now(), $10, now() + make_interval(secs => $11), true FROM changed WHERE status = 'UNWINDING' AND paid
  ON CONFLICT (order_id) DO UPDATE
  SET unwinding = true, leased_by = excluded.leased_by, leased_until = excluded.leased_until
), ended AS (
  DELETE FROM sagas s USING changed c WHERE s.order_id = c.id AND c.status NOT IN ('PAID', 'SHIPPED', 'UNWINDING')
)
SELECT ARRAY(SELECT id FROM unnest($1::uuid[]) AS i (id) WHERE id NOT IN (SELECT id FROM changed)) AS left_out`;

export interface ChangeOptions {
  readonly lease: Lease;
  readonly clock: DatabaseClock;
  readonly newId: () => string;
  readonly encodeEvent: (event: OutcomeEvent) => Uint8Array;
}

/**
 * Compare-and-set of orders, in one statement: each is changed if it still has the version before, together with the event of an outcome and
 * with its saga's row. At most one change an order. Answers the orders as they are now, undefined for each that somebody else had changed.
 */
export async function changeOrders(
  db: Queryable,
  changes: readonly Change[],
  { lease, clock, newId, encodeEvent }: ChangeOptions,
): Promise<readonly (Order | undefined)[]> {
  const now = clock.now();
  const next = changes.map((change): Change => {
    // Time does not go back along an order's life, whichever instance stamps it.
    return { ...change, updatedAt: new Date(Math.max(now, change.updatedAt.getTime())) };
  });
  const events = next.map((order) => {
    if (!isDecided(order)) return undefined;
    const id = newId();
    return { id, payload: encodeEvent({ id, order, occurredAt: order.updatedAt }) };
  });
  const refusals = next.map((order) => ('refusal' in order ? order.refusal : undefined));
  const [answer] = await db.query<{ left_out: readonly string[] }>(
    CHANGE,
    [
      uuidArray(next.map(({ id }) => id)),
      int4Array(next.map(({ version }) => version)),
      textArray(next.map(({ status }) => status)),
      boolArray(next.map((order) => ('paid' in order ? order.paid : true))),
      textArray(refusals.map((refusal) => refusal?.reason)),
      jsonbArray(refusals.map((refusal) => refusal?.metadata)),
      timestampArray(next.map(({ updatedAt }) => updatedAt)),
      uuidArray(events.map((event) => event?.id)),
      byteaArray(events.map((event) => event?.payload)),
      lease.owner,
      lease.seconds(),
    ],
    { name: 'change-orders' },
  );
  if (answer === undefined) throw new TypeError('a SELECT without FROM has one row');
  const leftOut = new Set(answer.left_out);
  return next.map((order) => (leftOut.has(order.id) ? undefined : order));
}
