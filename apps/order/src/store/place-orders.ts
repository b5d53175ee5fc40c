import {
  byteaArray,
  createOptimistic,
  float8Array,
  int8Array,
  isUniqueViolation,
  textArray,
  uuidArray,
  type Database,
  type Queryable,
} from '@stampede/postgres';
import type { Order } from '../domain/order.ts';
import type { Draft } from '../domain/ports.ts';
import type { DatabaseClock } from './database-clock.ts';
import type { Lease } from './lease.ts';
import { linesJson, ORDER_COLUMNS, toOrder, type OrderRow } from './order-row.ts';

/** Where every key is new. */
const PLACE = `
WITH placed AS (
  INSERT INTO orders (id, user_id, idempotency_key, request_hash, currency, total_minor, lines, status, paid, version, created_at, updated_at)
  SELECT id, user_id, idempotency_key, request_hash, currency, total_minor, lines::json, 'PENDING', false, 1, at, at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::text[])
    AS i (id, user_id, idempotency_key, request_hash, currency, total_minor, lines), date_trunc('milliseconds', now()) AS at
), begun AS (
  INSERT INTO sagas (order_id, payment_token, expires_at, leased_by, leased_until, unwinding)
  SELECT id, payment_token, now() + make_interval(secs => hold_seconds), $10, now() + make_interval(secs => $11), false
  FROM unnest($1::uuid[], $8::text[], $9::double precision[]) AS i (id, payment_token, hold_seconds)
)
SELECT date_trunc('milliseconds', now()) AS created_at, '{}'::uuid[] AS left_out`;

/** Where keys may be taken: leaves out, and answers, those orders. */
const PLACE_NEW = `
WITH input AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::double precision[]
  ) AS i (id, user_id, idempotency_key, request_hash, currency, total_minor, lines, payment_token, hold_seconds)
), placed AS (
  INSERT INTO orders (id, user_id, idempotency_key, request_hash, currency, total_minor, lines, status, paid, version, created_at, updated_at)
  SELECT id, user_id, idempotency_key, request_hash, currency, total_minor, lines::json, 'PENDING', false, 1, at, at
  FROM input, date_trunc('milliseconds', now()) AS at
  ON CONFLICT ON CONSTRAINT orders_idempotency_key DO NOTHING
  RETURNING id
), begun AS (
  INSERT INTO sagas (order_id, payment_token, expires_at, leased_by, leased_until, unwinding)
  SELECT id, payment_token, now() + make_interval(secs => hold_seconds), $10, now() + make_interval(secs => $11), false
  FROM input JOIN placed USING (id)
)
SELECT date_trunc('milliseconds', now()) AS created_at, ARRAY(SELECT id FROM input WHERE id NOT IN (SELECT id FROM placed)) AS left_out`;

const FIND_BY_KEYS = `
SELECT ${ORDER_COLUMNS} FROM unnest($1::uuid[], $2::text[]) AS k (user_id, idempotency_key)
JOIN orders o ON o.user_id = k.user_id AND o.idempotency_key = k.idempotency_key`;

export interface Placed {
  readonly placed: boolean;
  readonly order: Order;
}

interface Answer {
  readonly created_at: Date;
  readonly left_out: readonly string[];
}

export interface PlacingOptions {
  readonly lease: Lease;
  readonly clock: DatabaseClock;
}

/**
 * Commits new orders with their sagas, leased to this instance, in one statement: two rows an order. Keys are expected to be new. One whose key
 * is taken is answered by the order that has it; one that is being placed by another transaction is waited for by Postgres.
 */
export function createPlacing(db: Database, { lease, clock }: PlacingOptions) {
  const optimistic = createOptimistic({ failed: (error) => isUniqueViolation(error, 'orders_idempotency_key') });

  return async (drafts: readonly Draft[]): Promise<readonly Placed[]> => {
    // Whoever meets keys that others are writing waits for them in the same order.
    const sorted = drafts.toSorted(
      (a, b) => compare(a.userId, b.userId) || compare(a.idempotencyKey, b.idempotencyKey),
    );
    const values = [
      uuidArray(sorted.map(({ id }) => id)),
      uuidArray(sorted.map(({ userId }) => userId)),
      textArray(sorted.map(({ idempotencyKey }) => idempotencyKey)),
      byteaArray(sorted.map(({ requestHash }) => Buffer.from(requestHash, 'base64url'))),
      textArray(sorted.map(({ total }) => total.currency)),
      int8Array(sorted.map(({ total }) => total.amountMinor)),
      textArray(sorted.map(({ lines }) => linesJson(lines))),
      textArray(sorted.map(({ paymentToken }) => paymentToken)),
      float8Array(sorted.map(({ holdSeconds }) => holdSeconds)),
      lease.owner,
      lease.seconds(),
    ];
    const [answer] = await optimistic(
      () => db.query<Answer>(PLACE, values, { name: 'place-orders' }),
      () => db.query<Answer>(PLACE_NEW, values, { name: 'place-new-orders' }),
    );
    if (answer === undefined) throw new TypeError('a SELECT without FROM has one row');
    const { created_at: createdAt } = answer;
    clock.heard(createdAt);
    const leftOut = new Set(answer.left_out);
    const taken = await findByKeys(
      db,
      drafts.filter(({ id }) => leftOut.has(id)),
    );
    return drafts.map((draft) => {
      if (leftOut.has(draft.id)) {
        const order = taken.find(
          (each) => each.userId === draft.userId && each.idempotencyKey === draft.idempotencyKey,
        );
        if (order === undefined) throw new TypeError(`order ${draft.id} was neither placed nor is its key taken`);
        return { placed: false, order };
      }
      const { id, userId, idempotencyKey, requestHash, lines, total } = draft;
      const facts = { id, userId, idempotencyKey, requestHash, lines, total, createdAt, updatedAt: createdAt };
      return { placed: true, order: { ...facts, status: 'PENDING', version: 1 } };
    });
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export async function findByKeys(
  db: Queryable,
  keys: readonly { readonly userId: string; readonly idempotencyKey: string }[],
): Promise<readonly Order[]> {
  if (keys.length === 0) return [];
  const rows = await db.query<OrderRow>(FIND_BY_KEYS, [
    keys.map(({ userId }) => userId),
    keys.map(({ idempotencyKey }) => idempotencyKey),
  ]);
  return rows.map(toOrder);
}
