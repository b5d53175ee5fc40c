/** Failures in a row after which an instance is set aside. */
const STRIKES = 5;
const BASE_MS = 1_000;
const MAX_MS = 30_000;
/** A clean record for so long forgets earlier ejections. */
const FORGIVE_MS = 60_000;

/** Whether an instance is set aside because it fails: for a while that doubles each time, jittered; back on probation, one failure sets it aside again. */
export type EjectionState =
  | { readonly kind: 'trusted'; readonly failures: number; readonly times: number; readonly since: number }
  | { readonly kind: 'ejected'; readonly until: number; readonly times: number }
  | { readonly kind: 'probation'; readonly times: number };

export const trusted: EjectionState = { kind: 'trusted', failures: 0, times: 0, since: 0 };

/** The state as time passes. */
export function atTime(state: EjectionState, now: number): EjectionState {
  if (state.kind === 'ejected' && now >= state.until) return { kind: 'probation', times: state.times };
  if (state.kind === 'trusted' && state.times > 0 && now - state.since >= FORGIVE_MS) return { ...state, times: 0 };
  return state;
}

/** The state after a call; `allowed` says whether another instance may be set aside just now. */
export function afterCall(
  state: EjectionState,
  ok: boolean,
  allowed: boolean,
  now: number,
  random: () => number,
): EjectionState {
  const current = atTime(state, now);
  if (current.kind === 'ejected') return current;
  if (ok)
    return current.kind === 'trusted' && current.failures === 0
      ? current
      : { kind: 'trusted', failures: 0, times: current.times, since: now };
  const failures = current.kind === 'probation' ? STRIKES : current.failures + 1;
  if (failures < STRIKES || !allowed) return { kind: 'trusted', failures, times: current.times, since: now };
  const ms = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(current.times, 10)) * (0.8 + 0.4 * random());
  return { kind: 'ejected', until: now + ms, times: current.times + 1 };
}
