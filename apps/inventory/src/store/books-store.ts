import type { Queryable } from '@stampede/postgres';
import type { Balance, Books } from '../domain/ports.ts';
import { RESERVATION_COLUMNS, toReservation, type ReservationRow } from './reservation-row.ts';

/** Reads both ledgers whole: one statement, so all of it is of one moment. */
const BALANCES = `
  SELECT sku, coalesce(initial, 0)::bigint AS initial, coalesce(restocked, 0)::bigint AS restocked, available,
         coalesce(held, 0)::bigint AS held, coalesce(sold, 0)::bigint AS sold
  FROM products
  LEFT JOIN (
    SELECT sku, sum(quantity) FILTER (WHERE kind = 'INITIAL') AS initial, sum(quantity) FILTER (WHERE kind = 'RESTOCK') AS restocked
    FROM stock_entries GROUP BY sku
  ) AS came_in USING (sku)
  LEFT JOIN (
    SELECT line ->> 'sku' AS sku,
           sum((line ->> 'quantity')::bigint) FILTER (WHERE state = 'HELD') AS held,
           sum((line ->> 'quantity')::bigint) FILTER (WHERE state = 'COMMITTED') AS sold
    FROM reservations, jsonb_array_elements(lines) AS line
    WHERE state IN ('HELD', 'COMMITTED') GROUP BY 1
  ) AS went_out USING (sku)
  ORDER BY sku`;

/** The ledgers, for audits. Give it a database whose statements may take minutes, and few connections: it must not slow the sale. */
export function createBooksStore(database: Queryable): Books {
  return {
    balances: () => database.query<Balance>(BALANCES),

    async reservations(after, limit) {
      const rows = await database.query<ReservationRow>(
        `SELECT ${RESERVATION_COLUMNS} FROM reservations WHERE $1::uuid IS NULL OR order_id > $1 ORDER BY order_id LIMIT $2`,
        [after ?? null, limit],
      );
      return rows.map(toReservation);
    },
  };
}
