import { createBatcher, type BatcherLimits } from '@stampede/batching';
import { uuidArray, type Database } from '@stampede/postgres';
import type { Sagas } from '../domain/ports.ts';
import type { Lease } from './lease.ts';
import { ORDER_COLUMNS, toOrder, type OrderRow } from './order-row.ts';

/** Those that somebody is just changing are passed over. */
const CLAIM = `
WITH due AS (
  SELECT order_id FROM sagas WHERE leased_until < now() ORDER BY leased_until LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE sagas s SET leased_by = $2, leased_until = now() + make_interval(secs => $3) FROM due WHERE s.order_id = due.order_id
  RETURNING s.order_id, s.payment_token, s.expires_at
)
SELECT ${ORDER_COLUMNS}, c.payment_token, c.expires_at <= now() AS expired FROM claimed c JOIN orders o ON o.id = c.order_id`;

const LOOK = `
SELECT ${ORDER_COLUMNS}, s.payment_token, s.expires_at <= now() AS expired, s.leased_by <> $2 AND s.leased_until > now() AS taken
FROM orders o LEFT JOIN sagas s ON s.order_id = o.id WHERE o.id = $1`;

const LEASE_UNTIL = (until: string) => `
UPDATE sagas SET leased_until = ${until}
WHERE order_id IN (SELECT order_id FROM sagas WHERE order_id = ANY($1::uuid[]) AND leased_by = $2 FOR UPDATE SKIP LOCKED)`;

const RENEW = LEASE_UNTIL('now() + make_interval(secs => $3)');
const HAND_OVER = LEASE_UNTIL('now()');

/** A row that is to be undone meanwhile stays: see `unwinding` in the migration. */
const FINISH = 'DELETE FROM sagas WHERE order_id = ANY($1::uuid[]) AND NOT unwinding';

/** Both null where there is no saga. */
type SagaRow = OrderRow & { readonly payment_token: string | null; readonly expired: boolean | null };

export interface SagaStoreOptions {
  readonly db: Database;
  readonly lease: Lease;
  readonly limits?: (() => BatcherLimits) | undefined;
}

/** What is left to do, in Postgres. */
export function createSagaStore({ db, lease, limits }: SagaStoreOptions): Sagas {
  const finishing = createBatcher<string, undefined>({
    limits,
    async run(orderIds) {
      await db.query(FINISH, [uuidArray(orderIds.toSorted())], { name: 'finish-sagas' });
      return orderIds.map(() => undefined);
    },
  });
  return {
    async claim(limit) {
      const rows = await db.query<SagaRow>(CLAIM, [limit, lease.owner, lease.seconds()]);
      return rows.map(toSaga);
    },
    async look(orderId) {
      const [row] = await db.query<SagaRow & { taken: boolean | null }>(LOOK, [orderId, lease.owner]);
      if (row === undefined) throw new TypeError(`order ${orderId} is gone`); // orders are never deleted
      const saga = toSaga(row);
      return { order: saga.order, saga: row.payment_token === null ? undefined : saga, taken: row.taken ?? false };
    },
    async renew(orderIds) {
      await db.query(RENEW, [orderIds, lease.owner, lease.seconds()]);
    },
    async handOver(orderIds) {
      await db.query(HAND_OVER, [orderIds, lease.owner]);
    },
    finish: (orderId) => finishing.add(orderId),
  };
}

function toSaga({ payment_token, expired, ...row }: SagaRow) {
  return { order: toOrder(row), paymentToken: payment_token ?? '', expired: expired ?? false };
}
