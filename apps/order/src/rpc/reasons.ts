import type { OrderErrorReason } from '@stampede/contracts';
import type { OrderReason } from '../domain/reasons.ts';

type ContractReason = Exclude<keyof typeof OrderErrorReason, 'UNSPECIFIED'>;

/** The domain's reasons in the contract's words: all of them, and all of its words. */
const IN_CONTRACT = {
  ORDER_NOT_FOUND: 'ORDER_NOT_FOUND',
  UNKNOWN_SKU: 'UNKNOWN_SKU',
  OUT_OF_STOCK: 'OUT_OF_STOCK',
  PRICE_CHANGED: 'PRICE_CHANGED',
  PAYMENT_DECLINED: 'PAYMENT_DECLINED',
  IDEMPOTENCY_KEY_REUSED: 'IDEMPOTENCY_KEY_REUSED',
  ORDER_CANCELLED: 'ORDER_CANCELLED',
  ORDER_EXPIRED: 'ORDER_EXPIRED',
  ILLEGAL_TRANSITION: 'ILLEGAL_TRANSITION',
  MIXED_CURRENCIES: 'MIXED_CURRENCIES',
  ORDER_REFUNDED: 'ORDER_REFUNDED',
} as const satisfies Record<OrderReason, ContractReason> & { [Reason in ContractReason]: Reason };

/** A reason as messages carry it. */
export function contractReason(reason: OrderReason): ContractReason {
  return IN_CONTRACT[reason];
}
