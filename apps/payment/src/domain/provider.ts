import type { Money } from './payment.ts';

/** What the provider's books say of a key. */
export type Outcome =
  | { readonly status: 'charged' }
  /** It took nothing and will not; `declineCode` is its word for why. */
  | { readonly status: 'declined'; readonly declineCode: string }
  /** The key was cancelled before it could be charged, and cannot be charged any more. */
  | { readonly status: 'cancelled' }
  /** It was charged, and all of it was given back. */
  | { readonly status: 'refunded' };

/** Nothing is known of the key: it was never asked for, or the request is still on its way. */
export type Absent = { readonly status: 'absent' };

export interface ChargeOrder {
  /** The order's id: the idempotency key of everything asked for it. */
  readonly key: string;
  readonly amount: Money;
  readonly token: string;
}

/** What the provider's books hold under a key. */
export interface Statement {
  readonly key: string;
  readonly charges: number;
  readonly refunds: number;
  /** Taken and not given back, in minor units. */
  readonly balanceMinor: number;
}

/**
 * The payment provider: the world outside, which may answer late, lose an answer after it acted, or not be there. A call that rejects says
 * nothing about what happened. `signal` aborts when the asker has stopped waiting; that undoes nothing.
 *
 * What an implementation promises, whatever is asked at the same time and however often, since all of this is needed to charge no one twice:
 * - all calls are idempotent by key, and remembered for as long as orders live;
 * - a key is charged at most once;
 * - once `cancel` has answered, the key has taken nothing, or has given it back, and will never take anything.
 */
export interface Provider {
  /** Charges the key, unless it has an outcome already: then that one is the answer. */
  charge(order: ChargeOrder, signal: AbortSignal): Promise<Outcome>;
  lookup(key: string, signal: AbortSignal): Promise<Outcome | Absent>;
  /** Makes sure that the key is not charged, now or later: `refunded` if it had been, and was given back. */
  cancel(key: string, signal: AbortSignal): Promise<{ readonly status: 'cancelled' | 'refunded' }>;
  /** Gives back what the key took. Rejects if it took nothing. */
  refund(key: string, signal: AbortSignal): Promise<{ readonly status: 'refunded' }>;
  /** Its books by key in ASCII order, after `after`, at most `limit`. For audits. */
  statements(after: string | undefined, limit: number): Promise<readonly Statement[]>;
}
