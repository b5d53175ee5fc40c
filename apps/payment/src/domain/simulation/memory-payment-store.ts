import { changed, type Opening, type Payment } from '../payment.ts';
import type { PaymentStore } from '../payment-store.ts';
import { createMemoryUnsettledStore, type MemoryUnsettledStore } from './memory-unsettled-store.ts';
import { atOnce, type Pace } from './pace.ts';

export interface Transfer {
  readonly orderId: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
}

export interface MemoryPaymentStore extends PaymentStore {
  /** What is committed, at this moment. */
  readonly rows: ReadonlyMap<string, Payment>;
  readonly unsettled: MemoryUnsettledStore;
  /** The ledger, as the views of the real store read it from the rows. */
  transfers(): readonly Transfer[];
}

/** Milliseconds that whoever voids or refunds has to finish it before recovery looks after it, as the real store says. */
const UNDO_MS = 10_000;

/** The store's rules without a database: each request takes effect at one moment, whole. `now`: the database's time in milliseconds. */
export function createMemoryPaymentStore(pace: Pace = atOnce, now: () => number = counter()): MemoryPaymentStore {
  const rows = new Map<string, Payment>();
  const refunds: Transfer[] = [];
  const unsettled = createMemoryUnsettledStore(rows, now);
  const time = () => new Date(now());

  function write(payment: Payment): void {
    const { orderId, state } = payment;
    rows.set(orderId, payment);
    if (state === 'REFUNDED') refunds.push(...chargeOf(payment).map(reversed));
    if (state === 'VOIDING' || state === 'REFUNDING') unsettled.began(orderId, now() + UNDO_MS);
    if (state === 'VOIDED' || state === 'REFUNDED') unsettled.done(orderId);
  }

  async function served<T>(what: string, take: () => T): Promise<T> {
    await pace('request', what);
    const value = take();
    await pace('answer', what);
    return value;
  }

  return {
    rows,
    unsettled,
    transfers: () => [...[...rows.values()].flatMap(chargeOf), ...refunds],
    begin: (opening) =>
      served(`begin ${opening.state}`, () => {
        const existing = rows.get(opening.orderId);
        if (existing !== undefined) return { payment: existing, created: false };
        const payment = opened(opening, time());
        write(payment);
        return { payment, created: true };
      }),
    change: (payment, change) =>
      served(`change ${change.from} to ${change.to}`, () => {
        if (rows.get(payment.orderId)?.state !== change.from) return undefined;
        const next = changed(payment, change, time());
        write(next);
        return next;
      }),
    find: (orderId) => served('find', () => rows.get(orderId)),
  };
}

function counter(): () => number {
  let ticks = 0;
  return () => (ticks += 1);
}

function opened(opening: Opening, now: Date): Payment {
  const row = { orderId: opening.orderId, createTime: now, updateTime: now };
  return opening.state === 'VOIDED'
    ? { ...row, state: 'VOIDED', intent: undefined }
    : { ...row, state: 'INTENDED', intent: opening.intent };
}

function chargeOf({ orderId, state, intent }: Payment): Transfer[] {
  if (intent === undefined || !['CHARGED', 'REFUNDING', 'REFUNDED'].includes(state)) return [];
  return [{ orderId, debit: `customer:${intent.userId}`, credit: 'shop', amountMinor: intent.amount.amountMinor }];
}

function reversed({ debit, credit, ...transfer }: Transfer): Transfer {
  return { ...transfer, debit: credit, credit: debit };
}
