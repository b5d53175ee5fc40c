import { checkedCharge, checkedOrderId, type RawChargeRequest } from './charge-request.ts';
import { createCounter, type CounterOptions } from './counter.ts';
import { withCrashPoints, type Crash, type Hands } from './crash-points.ts';
import type { Patience, Timers } from './patience.ts';
import type { Charged, Intent, Payment, Refunded, Settled } from './payment.ts';
import { declined, mismatch, notCharged, notFound, outcomeUnknown, voided } from './payment-error.ts';
import type { PaymentStore } from './payment-store.ts';
import { chargeIntent, commitOutcome, lookUpIntent } from './resolve.ts';
import { tokenHash } from './token-hash.ts';
import { undo } from './undo.ts';

export interface PaymentsOptions extends CounterOptions {
  readonly store: PaymentStore;
  readonly timers: Timers;
  /** Called at each of CRASH_POINTS; for proofs. */
  readonly crash?: Crash;
}

/**
 * The verdicts on payments, one an order. Every call may be repeated, and may run anywhere at the same time as any other; all throw
 * INVALID_ARGUMENT naming the fields, and UNAVAILABLE/PAYMENT_OUTCOME_UNKNOWN when the caller's time is up before the provider's word is known.
 */
export interface Payments {
  /** Throws FAILED_PRECONDITION with PAYMENT_DECLINED, PAYMENT_VOIDED, PAYMENT_MISMATCH. */
  charge(request: RawChargeRequest, patience: Patience): Promise<Charged>;
  /** Makes sure that the order is not charged, now or later. */
  void(orderId: string, patience: Patience): Promise<Payment>;
  /** Throws FAILED_PRECONDITION/PAYMENT_NOT_CHARGED. */
  refund(orderId: string, patience: Patience): Promise<Refunded>;
  /** Throws NOT_FOUND. */
  find(orderId: string): Promise<Payment>;
  /** Finishes what was left in the middle, without charging anything new; undefined if the provider knows nothing of it yet. */
  settle(payment: Payment, patience: Patience): Promise<Settled | undefined>;
}

/** @example createPayments({ store, provider, timers: systemClock, timeoutMs: () => 1_000, onUnknown: () => undefined }).void(orderId, context) */
export function createPayments(options: PaymentsOptions): Payments {
  const { store, timers, crash } = options;
  const bare: Hands = { store, counter: createCounter(options) };
  const hands = crash === undefined ? bare : withCrashPoints(bare, crash);

  async function settle(payment: Payment, patience: Patience): Promise<Settled | undefined> {
    switch (payment.state) {
      case 'INTENDED': {
        const outcome = await lookUpIntent(hands, payment, patience);
        return outcome && settle(await commitOutcome(hands, payment, outcome), patience);
      }
      case 'VOIDING':
      case 'REFUNDING':
        return undo(hands, timers, payment, patience);
      case 'CHARGED':
      case 'DECLINED':
      case 'VOIDED':
      case 'REFUNDED':
        return payment;
    }
  }

  return {
    async charge(raw, patience) {
      const { orderId, userId, amount, token } = checkedCharge(raw);
      const intent = { userId, amount, tokenHash: tokenHash(orderId, token) };
      const { payment, created } = await hands.store.begin({ state: 'INTENDED', orderId, intent });
      refuseOther(payment, intent);
      if (payment.state !== 'INTENDED') return verdict(payment);
      const outcome = await chargeIntent(hands, timers, payment, { token, fresh: created }, patience);
      if (outcome === undefined) throw outcomeUnknown();
      return verdict(await commitOutcome(hands, payment, outcome));
    },

    async void(orderId, patience) {
      const { payment } = await hands.store.begin({ state: 'VOIDED', orderId: checkedOrderId(orderId) });
      return undo(hands, timers, payment, patience);
    },

    async refund(orderId, patience) {
      const found = await hands.store.find(checkedOrderId(orderId));
      if (found === undefined) throw notCharged();
      const settled = await settle(found, patience);
      if (settled === undefined) throw outcomeUnknown();
      const undone = await undo(hands, timers, settled, patience);
      if (undone.state !== 'REFUNDED') throw notCharged();
      return undone;
    },

    async find(orderId) {
      const payment = await hands.store.find(checkedOrderId(orderId));
      if (payment === undefined) throw notFound();
      return payment;
    },

    settle,
  };
}

/** The verdict as Charge says it. A payment that is being undone is refused: whoever asked must not take it for paid. */
function verdict(payment: Payment): Charged {
  switch (payment.state) {
    case 'CHARGED':
      return payment;
    case 'DECLINED':
      throw declined(payment.declineCode);
    case 'INTENDED':
      throw outcomeUnknown();
    case 'VOIDING':
    case 'VOIDED':
    case 'REFUNDING':
    case 'REFUNDED':
      throw voided();
  }
}

function refuseOther({ intent: decided }: Payment, asked: Intent): void {
  if (decided === undefined) return;
  if (decided.amount.amountMinor !== asked.amount.amountMinor || decided.amount.currency !== asked.amount.currency) {
    throw mismatch('amount');
  }
  if (decided.userId !== asked.userId) throw mismatch('user');
  if (decided.tokenHash !== asked.tokenHash) throw mismatch('token');
}
