import type { Change, Opening, Payment } from '../payment.ts';
import type { PaymentStore } from '../payment-store.ts';
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
  /** The ledger, as the views of the real store read it from the rows. */
  transfers(): readonly Transfer[];
}

/** The store's rules without a database: each request takes effect at one moment, whole. */
export function createMemoryPaymentStore(pace: Pace = atOnce): MemoryPaymentStore {
  const rows = new Map<string, Payment>();
  const refunds: Transfer[] = [];
  let ticks = 0;
  const time = () => new Date(++ticks);

  async function served<T>(what: string, take: () => T): Promise<T> {
    await pace('request', what);
    const value = take();
    await pace('answer', what);
    return value;
  }

  return {
    rows,
    transfers: () => [...[...rows.values()].flatMap(chargeOf), ...refunds],
    begin: (opening) =>
      served(`begin ${opening.state}`, () => {
        const existing = rows.get(opening.orderId);
        if (existing !== undefined) return { payment: existing, created: false };
        const payment = opened(opening, time());
        rows.set(opening.orderId, payment);
        return { payment, created: true };
      }),
    change: (orderId, change) =>
      served(`change ${change.from} to ${change.to}`, () => {
        const payment = rows.get(orderId);
        if (payment?.state !== change.from) return undefined;
        const next = changed(payment, change, time());
        rows.set(orderId, next);
        if (change.to === 'REFUNDED') refunds.push(...chargeOf(next).map(reversed));
        return next;
      }),
    find: (orderId) => served('find', () => rows.get(orderId)),
  };
}

function opened(opening: Opening, now: Date): Payment {
  const row = { orderId: opening.orderId, createTime: now, updateTime: now };
  return opening.state === 'VOIDED'
    ? { ...row, state: 'VOIDED', intent: undefined }
    : { ...row, state: 'INTENDED', intent: opening.intent };
}

function changed({ orderId, createTime, intent }: Payment, change: Change, updateTime: Date): Payment {
  if (intent === undefined) throw new Error('a tombstone does not change');
  const row = { orderId, createTime, updateTime, intent };
  return change.to === 'DECLINED'
    ? { ...row, state: change.to, declineCode: change.declineCode }
    : { ...row, state: change.to };
}

function chargeOf({ orderId, state, intent }: Payment): Transfer[] {
  if (intent === undefined || !['CHARGED', 'REFUNDING', 'REFUNDED'].includes(state)) return [];
  return [{ orderId, debit: `customer:${intent.userId}`, credit: 'shop', amountMinor: intent.amount.amountMinor }];
}

function reversed({ debit, credit, ...transfer }: Transfer): Transfer {
  return { ...transfer, debit: credit, credit: debit };
}
