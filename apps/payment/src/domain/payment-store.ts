import type { Change, Opening, Payment } from './payment.ts';

export interface Begun {
  readonly payment: Payment;
  /** Whether this call wrote the row; else it is as somebody else began it. */
  readonly created: boolean;
}

/** Where payments are kept. What a call has answered is committed. */
export interface PaymentStore {
  /** Writes the order's row, unless there is one. */
  begin(opening: Opening): Promise<Begun>;
  /** Moves `payment`, which was read before, if it still stands at `change.from`; undefined if it does not. */
  change(payment: Payment, change: Change): Promise<Payment | undefined>;
  find(orderId: string): Promise<Payment | undefined>;
}

/** How unsettled payments are claimed; all times are the database's. */
export interface Claim {
  /** Milliseconds that a claim keeps others off; doubles with each time a payment is claimed in vain, up to `maxLeaseMs`. */
  readonly leaseMs: number;
  readonly maxLeaseMs: number;
  readonly limit: number;
}

/** The list of payments that were, or may have been, left in the middle of something. Who begins to undo one is on it from that moment. */
export interface UnsettledStore {
  /** Puts the intents on it that have stood for longer than `staleMs`; awaits `written` when all but the commit is done. */
  sweep(staleMs: number, written?: () => void | Promise<void>): Promise<void>;
  /** Claims some that nobody is looking after; two instances that ask at once get different ones. */
  claim(claim: Claim): Promise<readonly Payment[]>;
  /** Takes them off: they have come to an end. */
  release(orderIds: readonly string[]): Promise<void>;
}

export interface BookedPayment {
  readonly payment: Payment;
  /** The sum over all accounts of what the order's transfers credit and debit: 0, or the books are broken. */
  readonly transfersSumMinor: number;
}

/** The payments and their transfers, as an audit reads them. */
export interface PaymentBooks {
  /** By order id, after `after`, at most `limit`. */
  page(after: string | undefined, limit: number): Promise<readonly BookedPayment[]>;
}
