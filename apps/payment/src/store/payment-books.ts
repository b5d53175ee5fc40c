import type { Queryable } from '@stampede/postgres';
import type { PaymentBooks } from '../domain/payment-store.ts';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-row.ts';

interface BookedRow extends PaymentRow {
  readonly transfers_sum: number;
}

const page = (where: string) => `
SELECT ${PAYMENT_COLUMNS}, (SELECT coalesce(sum(e.amount_minor), 0)::bigint FROM entries e WHERE e.order_id = p.order_id) AS transfers_sum
FROM payments p ${where} ORDER BY p.order_id LIMIT $1`;
const FIRST_PAGE = page('');
const NEXT_PAGE = page('WHERE p.order_id > $2');

/** Every payment with the sum of its entries in the ledger. */
export function createPaymentBooks(db: Queryable): PaymentBooks {
  return {
    async page(after, limit) {
      const rows =
        after === undefined
          ? await db.query<BookedRow>(FIRST_PAGE, [limit])
          : await db.query<BookedRow>(NEXT_PAGE, [limit, after]);
      return rows.map((row) => ({ payment: paymentOf(row), transfersSumMinor: row.transfers_sum }));
    },
  };
}
