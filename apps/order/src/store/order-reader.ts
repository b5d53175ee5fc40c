import type { Database } from '@stampede/postgres';
import type { Order } from '../domain/order.ts';
import type { OrderReader } from '../domain/ports.ts';
import { ORDER_COLUMNS, toOrder, type OrderRow } from './order-row.ts';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const FIND = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1`;
const LIST_ALL = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id < $1 ORDER BY o.id DESC LIMIT $2`;
const LIST_OWN = `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id < $1 AND o.user_id = $3 ORDER BY o.id DESC LIMIT $2`;
const RECORDS = `
SELECT ${ORDER_COLUMNS}, s.order_id IS NOT NULL AS unfinished,
  ARRAY(SELECT e.status FROM outbox e WHERE e.order_id = o.id ORDER BY e.version) AS outcomes
FROM orders o LEFT JOIN sagas s ON s.order_id = o.id
WHERE o.id > $1 ORDER BY o.id LIMIT $2`;

/** Orders to look at: in the database itself, or in a replica of it. */
export function createOrderReader(db: Database): OrderReader {
  return {
    async find(id) {
      const [row] = await db.query<OrderRow>(FIND, [id], { name: 'read-order' });
      return row && toOrder(row);
    },
    async list({ userId, before = LAST_ID, limit }) {
      const rows =
        userId === undefined
          ? await db.query<OrderRow>(LIST_ALL, [before, limit])
          : await db.query<OrderRow>(LIST_OWN, [before, limit, userId]);
      return rows.map(toOrder);
    },
    async records(after = FIRST_ID, limit) {
      const rows = await db.query<RecordRow>(RECORDS, [after, limit]);
      return rows.map(({ outcomes, unfinished, ...row }) => ({ order: toOrder(row), outcomes, unfinished }));
    },
  };
}

interface RecordRow extends OrderRow {
  readonly unfinished: boolean;
  readonly outcomes: readonly Order['status'][];
}
