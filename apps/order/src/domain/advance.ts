import { end, pay, unwind, type Paid, type Pending, type Shipped, type Unwinding } from './order.ts';
import type { Catalog, Change, Inventory, Orders, Payments, Saga, Sagas } from './ports.ts';
import type { Refusal, UnwindReason } from './reasons.ts';

export interface SagaPorts {
  readonly orders: Pick<Orders, 'change'>;
  readonly sagas: Pick<Sagas, 'finish'>;
  readonly inventory: Inventory;
  readonly payments: Payments;
  readonly catalog: Pick<Catalog, 'forget'>;
}

/** `moved`: a new state is committed · `done`: nothing is left · `stale`: somebody else moved the order, read it again. */
export type Step =
  { readonly kind: 'moved'; readonly saga: Saga } | { readonly kind: 'done' } | { readonly kind: 'stale' };

/**
 * Does the next thing for an order, as its committed state demands. Whoever drives (the shopper's call, a cancellation, recovery, expiry)
 * calls this again and again; every step may be repeated, by several at once. Throws where an answer is unknown: then nothing was decided,
 * and the same is to be asked again.
 */
export function advance(saga: Saga, ports: SagaPorts, signal?: AbortSignal): Promise<Step> {
  const { order } = saga;
  switch (order.status) {
    case 'PENDING':
      return saga.expired
        ? move(saga, unwind(order, { reason: 'ORDER_EXPIRED', metadata: {} }), ports)
        : take(saga, order, ports, signal);
    case 'PAID':
    case 'SHIPPED':
      return handOut(order, ports, signal);
    case 'UNWINDING':
      return giveBack(saga, order, ports, signal);
    case 'REJECTED':
    case 'PAYMENT_FAILED':
    case 'CANCELLED':
    case 'EXPIRED':
    case 'REFUNDED':
      return Promise.resolve({ kind: 'done' });
  }
}

/** The stock, then the money; whichever refuses decides. Money that has been taken makes the order PAID even when its time is over by then. */
async function take(saga: Saga, order: Pending, ports: SagaPorts, signal?: AbortSignal): Promise<Step> {
  const stock = await ports.inventory.reserve(order, signal);
  if (stock.verdict === 'gone') return { kind: 'stale' };
  if (stock.verdict === 'refused') {
    if (stock.refusal.reason !== 'OUT_OF_STOCK') ports.catalog.forget(order.lines.map(({ sku }) => sku));
    return refuse(saga, order, stock.refusal, ports);
  }
  // Nothing costs nothing: a payment is of at least one minor unit.
  if (order.total.amountMinor > 0) {
    const money = await ports.payments.charge(order, saga.paymentToken, signal);
    if (money.verdict === 'gone') return { kind: 'stale' };
    if (money.verdict === 'refused') return refuse(saga, order, money.refusal, ports);
  }
  return move(saga, pay(order), ports);
}

function refuse(saga: Saga, order: Pending, refusal: Refusal, ports: SagaPorts): Promise<Step> {
  return move(saga, unwind(order, refusal), ports);
}

/** What is held for a paid order is sold. It cannot fail, only be repeated: nobody but the order releases. */
async function handOut(order: Paid | Shipped, ports: SagaPorts, signal?: AbortSignal): Promise<Step> {
  await ports.inventory.commit(order.id, signal);
  await ports.sagas.finish(order.id);
  return { kind: 'done' };
}

/** The money first, with certainty, and only then the stock; both only after UNWINDING was committed. */
async function giveBack(saga: Saga, order: Unwinding, ports: SagaPorts, signal?: AbortSignal): Promise<Step> {
  const { money, stock } = UNDO[order.refusal.reason];
  if (money && order.total.amountMinor > 0) {
    await (order.paid ? ports.payments.refund(order.id, signal) : ports.payments.void(order.id, signal));
  }
  if (stock) await ports.inventory.release(order.id, signal);
  return move(saga, end(order), ports);
}

/**
 * What there may be to undo. The stock's refusal is its verdict for good: nothing is held, and no card is asked before the stock is held. In
 * all other cases the participants make certain, whatever was answered before.
 */
const UNDO: Record<UnwindReason, { readonly money: boolean; readonly stock: boolean }> = {
  OUT_OF_STOCK: { money: false, stock: false },
  PRICE_CHANGED: { money: false, stock: false },
  UNKNOWN_SKU: { money: false, stock: false },
  PAYMENT_DECLINED: { money: true, stock: true },
  ORDER_CANCELLED: { money: true, stock: true },
  ORDER_EXPIRED: { money: true, stock: true },
  ORDER_REFUNDED: { money: true, stock: true },
};

async function move(saga: Saga, next: Change, { orders }: SagaPorts): Promise<Step> {
  const order = await orders.change(next);
  return order === undefined ? { kind: 'stale' } : { kind: 'moved', saga: { ...saga, order } };
}
