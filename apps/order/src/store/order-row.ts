import type { Order, OrderFacts, OrderLine } from '../domain/order.ts';
import type { UnwindReason } from '../domain/reasons.ts';

/** An order as the table has it. */
export interface OrderRow {
  readonly id: string;
  readonly user_id: string;
  readonly total_minor: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: number;
  readonly paid: boolean;
  readonly status: Order['status'];
  readonly reason: UnwindReason | null;
  readonly reason_metadata: Readonly<Record<string, string>> | null;
  readonly currency: string;
  readonly idempotency_key: string;
  readonly request_hash: Buffer;
  readonly lines: readonly LineJson[];
}

/** One line inside the row; its currency is the order's. */
interface LineJson {
  readonly sku: string;
  readonly title: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
}

/** The columns of an OrderRow, of a table called `o`. */
export const ORDER_COLUMNS = `o.id, o.user_id, o.total_minor, o.created_at, o.updated_at, o.version, o.paid, o.status, o.reason,
  o.reason_metadata, o.currency, o.idempotency_key, o.request_hash, o.lines`;

/** What stands in the column `lines`. */
export function linesJson(lines: readonly OrderLine[]): string {
  const json: readonly LineJson[] = lines.map(({ sku, title, quantity, unitPrice }) => ({
    sku,
    title,
    quantity,
    unitPriceMinor: unitPrice.amountMinor,
  }));
  return JSON.stringify(json);
}

export function toOrder(row: OrderRow): Order {
  const { currency, reason, status } = row;
  const facts: OrderFacts = {
    id: row.id,
    userId: row.user_id,
    idempotencyKey: row.idempotency_key,
    requestHash: row.request_hash.toString('base64url'),
    lines: row.lines.map(({ sku, title, quantity, unitPriceMinor }) => ({
      sku,
      title,
      quantity,
      unitPrice: { currency, amountMinor: unitPriceMinor },
    })),
    total: { currency, amountMinor: row.total_minor },
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  if (status === 'PENDING' || status === 'PAID' || status === 'SHIPPED') return { ...facts, status };
  if (reason === null) throw new TypeError(`order ${row.id} is ${status} for no reason`); // a CHECK forbids it
  const refusal = { reason, metadata: row.reason_metadata ?? {} };
  return { ...facts, status, refusal, paid: row.paid };
}
