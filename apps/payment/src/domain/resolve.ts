import { patientEnough } from './counter.ts';
import type { Hands } from './crash-points.ts';
import { moved } from './moved.ts';
import type { Patience, Timers } from './patience.ts';
import type { Intended, Payment } from './payment.ts';
import type { Outcome } from './provider.ts';

/** Commits what the provider said of an intent. What it has cancelled by itself, nobody having asked, is called off here as well. */
export function commitOutcome({ store }: Hands, intended: Intended, outcome: Outcome): Promise<Payment> {
  switch (outcome.status) {
    case 'charged':
      return moved(store, intended, { from: 'INTENDED', to: 'CHARGED' });
    case 'declined':
      return moved(store, intended, { from: 'INTENDED', to: 'DECLINED', declineCode: outcome.declineCode });
    case 'cancelled':
    case 'refunded':
      return moved(store, intended, { from: 'INTENDED', to: 'VOIDING' });
  }
}

/**
 * Charges an intent and finds out what came of it: asked with the order's id as its key, an answer that is lost or late is looked up, and the
 * charge is repeated with the same key where the provider knows nothing of it. An intent that somebody else left is looked up first.
 * Undefined when the caller's time is up before anything is known.
 */
export async function chargeIntent(
  { counter }: Hands,
  timers: Timers,
  intended: Intended,
  { token, fresh }: { readonly token: string; readonly fresh: boolean },
  patience: Patience,
): Promise<Outcome | undefined> {
  const { orderId: key, intent } = intended;
  let charging = fresh;
  for (let attempt = 0; ;) {
    const answer = charging
      ? await counter.charge({ key, amount: intent.amount, token }, patience)
      : await counter.lookup(key, patience);
    switch (answer.status) {
      case 'unknown':
        charging = false;
        if (!(await patientEnough(timers, attempt++, patience))) return undefined;
        break;
      case 'absent':
        charging = true;
        break;
      default:
        return answer;
    }
  }
}

/** What the provider says of an intent, without charging it; undefined if it knows nothing (yet) or does not answer. */
export async function lookUpIntent(
  { counter }: Hands,
  { orderId }: Intended,
  patience: Patience,
): Promise<Outcome | undefined> {
  const answer = await counter.lookup(orderId, patience);
  return answer.status === 'unknown' || answer.status === 'absent' ? undefined : answer;
}
