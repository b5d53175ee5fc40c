import type { State } from '../payment.ts';

const ASKED: readonly State[] = ['INTENDED', 'CHARGED', 'DECLINED', 'VOIDING', 'VOIDED', 'REFUNDING', 'REFUNDED'];

/** Where the row may stand when a request takes effect, which may be long after it was sent: never before its intention is committed. */
const STATES_BEFORE: Readonly<Record<'charge' | 'lookup' | 'cancel' | 'refund', ReadonlySet<State>>> = {
  charge: new Set(ASKED),
  lookup: new Set(ASKED),
  cancel: new Set(['VOIDING', 'VOIDED', 'REFUNDED']),
  refund: new Set(['REFUNDING', 'REFUNDED']),
};

/** Whether the provider was asked for what is not committed; `state`: undefined where there is no row. */
export function isHasty(request: keyof typeof STATES_BEFORE, state: State | undefined): boolean {
  return state === undefined || !STATES_BEFORE[request].has(state);
}
