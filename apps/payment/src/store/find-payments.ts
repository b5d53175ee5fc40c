import type { Queryable } from '@stampede/postgres';
import type { Payment } from '../domain/payment.ts';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-row.ts';

const SQL = `SELECT ${PAYMENT_COLUMNS} FROM payments p WHERE p.order_id = ANY ($1::uuid[])`;

/** The payments there are of these orders, by order id. */
export async function findPayments(db: Queryable, orderIds: readonly string[]): Promise<ReadonlyMap<string, Payment>> {
  const rows = await db.query<PaymentRow>(SQL, [orderIds], { name: 'find-payments' });
  return new Map(rows.map((row) => [row.order_id, paymentOf(row)]));
}
