import type { Database } from '@stampede/postgres';
import type { Orders } from '../domain/ports.ts';
import { changeOrders, type ChangeOptions } from './change-orders.ts';
import { ORDER_COLUMNS, toOrder, type OrderRow } from './order-row.ts';
import { findByKeys, placeOrders } from './place-orders.ts';

const FIND = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1`;

const NEWER = `
SELECT ${ORDER_COLUMNS} FROM unnest($1::uuid[], $2::integer[]) AS k (id, version)
JOIN orders o ON o.id = k.id AND o.version > k.version`;

/** The orders in Postgres. The statements take many at once, so that a batcher can stand between them and these methods. */
export function createOrderStore({ db, ...options }: ChangeOptions & { readonly db: Database }): Orders {
  return {
    async place(draft) {
      const [placed] = await placeOrders(db, [draft], options);
      return found(placed);
    },
    async find(id) {
      const [row] = await db.query<OrderRow>(FIND, [id], { name: 'find-order' });
      return row && toOrder(row);
    },
    async findByKey(userId, idempotencyKey) {
      const [order] = await findByKeys(db, [{ userId, idempotencyKey }]);
      return order;
    },
    async change(next) {
      const [order] = await changeOrders(db, [next], options);
      return order;
    },
    async newer(known) {
      const rows = await db.query<OrderRow>(NEWER, [known.map(({ id }) => id), known.map(({ version }) => version)]);
      return rows.map(toOrder);
    },
  };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a batch of one answered none');
  return value;
}
