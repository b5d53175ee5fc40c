import type { Money } from './money.ts';
import { END_STATUS, orderError, type EndStatus, type Refusal } from './reasons.ts';

/** One item as it was ordered: title and price are those of that moment. */
export interface OrderLine {
  readonly sku: string;
  readonly title: string;
  readonly quantity: number;
  readonly unitPrice: Money;
}

/** What is true of an order whatever its status. */
export interface OrderFacts {
  /** UUIDv7. */
  readonly id: string;
  /** UUID. */
  readonly userId: string;
  readonly idempotencyKey: string;
  /** Tells a repeated request from another one under the same key; see `requestHash`. */
  readonly requestHash: string;
  readonly lines: readonly OrderLine[];
  readonly total: Money;
  /** Counts the changes, from 1; whoever changes an order names the version that the change was decided on. */
  readonly version: number;
  /** Database time, as `updatedAt`. */
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type Pending = OrderFacts & { readonly status: 'PENDING' };
export type Paid = OrderFacts & { readonly status: 'PAID' };
export type Shipped = OrderFacts & { readonly status: 'SHIPPED' };
/** `paid`: whether it had been PAID before it was undone. */
export type Unwinding = OrderFacts & {
  readonly status: 'UNWINDING';
  readonly refusal: Refusal;
  readonly paid: boolean;
};
export type Ended = OrderFacts & { readonly status: EndStatus; readonly refusal: Refusal; readonly paid: boolean };

/** `PENDING → PAID → SHIPPED`, and `PENDING | PAID → UNWINDING → REJECTED | PAYMENT_FAILED | CANCELLED | EXPIRED | REFUNDED`. */
export type Order = Pending | Paid | Shipped | Unwinding | Ended;

export type Status = Order['status'];

/** The shopper's money is here: nothing but shipping or giving it back can follow. */
export function pay(order: Order): Paid {
  if (order.status !== 'PENDING') throw illegal(order, 'paid');
  return { ...order, status: 'PAID', version: order.version + 1 };
}

export function ship(order: Order): Shipped {
  if (order.status !== 'PAID') throw illegal(order, 'shipped');
  return { ...order, status: 'SHIPPED', version: order.version + 1 };
}

/**
 * The decision to undo an order; only once it is committed may anything be given back. What a participant refused, and expiry, undo
 * what is PENDING; a refund what is PAID; a cancellation either.
 */
export function unwind(order: Order, refusal: Refusal): Unwinding {
  if (!mayUnwind(order, refusal)) throw illegal(order, 'undone');
  return { ...order, status: 'UNWINDING', refusal, paid: order.status === 'PAID', version: order.version + 1 };
}

function mayUnwind(order: Order, { reason }: Refusal): order is Pending | Paid {
  if (reason === 'ORDER_CANCELLED') return order.status === 'PENDING' || order.status === 'PAID';
  return order.status === (reason === 'ORDER_REFUNDED' ? 'PAID' : 'PENDING');
}

/** All is given back: the reason decides what the order ends as. */
export function end(order: Order): Ended {
  if (order.status !== 'UNWINDING') throw illegal(order, 'ended');
  return { ...order, status: END_STATUS[order.refusal.reason], version: order.version + 1 };
}

/** Whether an outcome stands: neither being placed nor being undone. Each outcome is told to the world by one event. */
export function isDecided(order: Order): boolean {
  return order.status !== 'PENDING' && order.status !== 'UNWINDING';
}

/** Whether nothing more will ever happen to it. */
export function isFinal(order: Order): boolean {
  return isDecided(order) && order.status !== 'PAID';
}

function illegal(order: Order, verb: string) {
  const { id, status } = order;
  return orderError('FAILED_PRECONDITION', 'ILLEGAL_TRANSITION', `an order that is ${status} cannot be ${verb}`, {
    order_id: id,
    status,
  });
}
