import { AppError, type Code } from '@stampede/errors';

/** Where an order that came to nothing ends: decided by the reason alone. */
export const END_STATUS = {
  OUT_OF_STOCK: 'REJECTED',
  PRICE_CHANGED: 'REJECTED',
  UNKNOWN_SKU: 'REJECTED',
  PAYMENT_DECLINED: 'PAYMENT_FAILED',
  ORDER_CANCELLED: 'CANCELLED',
  ORDER_EXPIRED: 'EXPIRED',
  ORDER_REFUNDED: 'REFUNDED',
} as const;

/** Why an order is undone. */
export type UnwindReason = keyof typeof END_STATUS;

export type EndStatus = (typeof END_STATUS)[UnwindReason];

/** Every reason this service answers of its own; `rpc/` checks that the contract enumerates each. */
export type OrderReason =
  UnwindReason | 'ORDER_NOT_FOUND' | 'IDEMPOTENCY_KEY_REUSED' | 'ILLEGAL_TRANSITION' | 'MIXED_CURRENCIES';

/** Why an order came to nothing, with the facts that a client may act on; kept with the order, so that every repetition is told the same. */
export interface Refusal {
  readonly reason: UnwindReason;
  /** OUT_OF_STOCK: sku, available · PRICE_CHANGED, UNKNOWN_SKU: sku · PAYMENT_DECLINED: decline_code. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An error with one of this service's reasons. */
export function orderError(
  code: Code,
  reason: OrderReason,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): AppError<OrderReason> {
  return new AppError(code, reason, message, { metadata });
}

export function orderNotFound(orderId: string): AppError<OrderReason> {
  return orderError('NOT_FOUND', 'ORDER_NOT_FOUND', `no order ${orderId}`, { order_id: orderId });
}

const SENTENCES: Record<UnwindReason, (metadata: Refusal['metadata']) => string> = {
  OUT_OF_STOCK: ({ sku = '?', available = '?' }) => `SKU ${sku} has ${available} left`,
  PRICE_CHANGED: ({ sku = '?' }) => `the price of SKU ${sku} changed: look again and order anew`,
  UNKNOWN_SKU: ({ sku = '?' }) => `no product has SKU ${sku}`,
  PAYMENT_DECLINED: ({ decline_code = '' }) =>
    `the payment was declined${decline_code === '' ? '' : `: ${decline_code}`}`,
  ORDER_CANCELLED: () => 'the order was cancelled before it was paid',
  ORDER_EXPIRED: () => 'the order was given up: it could not be paid in time',
  ORDER_REFUNDED: () => `the order's money was given back`,
};

/** What the shopper is told of an order that came to nothing before it was paid; the same words each time. */
export function refusalError(orderId: string, { reason, metadata }: Refusal): AppError<OrderReason> {
  return orderError(
    reason === 'UNKNOWN_SKU' ? 'NOT_FOUND' : 'FAILED_PRECONDITION',
    reason,
    SENTENCES[reason](metadata),
    {
      ...metadata,
      order_id: orderId,
    },
  );
}
