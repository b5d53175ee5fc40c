import { createBatcher, type BatcherLimits } from '@stampede/batching';
import type { Database } from '@stampede/postgres';
import type { Order } from '../domain/order.ts';
import type { Change, Draft, Orders } from '../domain/ports.ts';
import { changeOrders, type ChangeOptions } from './change-orders.ts';
import { ORDER_COLUMNS, toOrder, type OrderRow } from './order-row.ts';
import { createPlacing, findByKeys, type Placed } from './place-orders.ts';

export interface OrderStoreOptions extends ChangeOptions {
  readonly db: Database;
  readonly limits?: (() => BatcherLimits) | undefined;
}

const FIND = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1`;

const NEWER = `
SELECT ${ORDER_COLUMNS} FROM unnest($1::uuid[], $2::integer[]) AS k (id, version)
JOIN orders o ON o.id = k.id AND o.version > k.version`;

/** The orders in Postgres. Those that come while a statement is at work are placed, or changed, together by the next. */
export function createOrderStore({ db, limits, ...options }: OrderStoreOptions): Orders {
  const placing = createBatcher<Draft, Placed>({ limits, run: createPlacing(db, options) });
  const changing = createBatcher<Change, Order | undefined>({
    limits,
    run: (changes) => changeOrders(db, changes, options),
    keyOf: ({ id }) => id,
  });
  return {
    place: (draft, signal) => placing.add(draft, signal),
    async find(id) {
      const [row] = await db.query<OrderRow>(FIND, [id], { name: 'find-order' });
      return row && toOrder(row);
    },
    async findByKey(userId, idempotencyKey) {
      const [order] = await findByKeys(db, [{ userId, idempotencyKey }]);
      return order;
    },
    change: (next) => changing.add(next),
    async newer(known) {
      const rows = await db.query<OrderRow>(NEWER, [known.map(({ id }) => id), known.map(({ version }) => version)]);
      return rows.map(toOrder);
    },
  };
}
