import { patientEnough, type Unknown } from './counter.ts';
import type { Hands } from './crash-points.ts';
import type { Patience, Timers } from './patience.ts';
import type { Declined, Payment, Refunded, Voided } from './payment.ts';
import { outcomeUnknown } from './payment-error.ts';
import { moved } from './moved.ts';

/**
 * Drives a payment to where it took nothing: calls off what was intended, gives back what was charged. Each intention is committed before
 * the provider hears of it, so that a charge under way loses its compare-and-set, and so that whoever comes after a crash knows what to
 * finish. Throws UNAVAILABLE/PAYMENT_OUTCOME_UNKNOWN when the caller's time is up first.
 */
export async function undo(
  hands: Hands,
  timers: Timers,
  payment: Payment,
  patience: Patience,
): Promise<Declined | Voided | Refunded> {
  const { store, counter } = hands;
  let current = payment;
  for (;;) {
    const { orderId } = current;
    switch (current.state) {
      case 'INTENDED':
        current = await moved(store, current, { from: 'INTENDED', to: 'VOIDING' });
        break;
      case 'CHARGED':
        current = await moved(store, current, { from: 'CHARGED', to: 'REFUNDING' });
        break;
      case 'VOIDING': {
        const { status } = await insist(timers, patience, () => counter.cancel(orderId, patience));
        current = await moved(store, current, { from: 'VOIDING', to: status === 'refunded' ? 'REFUNDED' : 'VOIDED' });
        break;
      }
      case 'REFUNDING':
        await insist(timers, patience, () => counter.refund(orderId, patience));
        current = await moved(store, current, { from: 'REFUNDING', to: 'REFUNDED' });
        break;
      case 'DECLINED':
      case 'VOIDED':
      case 'REFUNDED':
        return current;
    }
  }
}

/** Asks again until there is an answer or the caller's time is up. */
async function insist<Answer extends { readonly status: string }>(
  timers: Timers,
  patience: Patience,
  ask: () => Promise<Answer | Unknown>,
): Promise<Exclude<Answer, Unknown>> {
  for (let attempt = 0; ; attempt++) {
    const answer = await ask();
    if (isKnown(answer)) return answer;
    if (!(await patientEnough(timers, attempt, patience))) throw outcomeUnknown();
  }
}

function isKnown<Answer extends { readonly status: string }>(
  answer: Answer | Unknown,
): answer is Exclude<Answer, Unknown> {
  return answer.status !== 'unknown';
}
