import { pause, within, type Patience, type Timers } from './patience.ts';
import type { Absent, ChargeOrder, Outcome, Provider } from './provider.ts';

/** No answer in time, or a lost one: nothing is known. */
export type Unknown = { readonly status: 'unknown' };
const unknown: Unknown = { status: 'unknown' };

/** The provider as those who need an answer see it: every question has a time limit, and no answer is an answer too. */
export interface Counter {
  charge(order: ChargeOrder, patience: Patience): Promise<Outcome | Unknown>;
  lookup(key: string, patience: Patience): Promise<Outcome | Absent | Unknown>;
  cancel(key: string, patience: Patience): Promise<{ readonly status: 'cancelled' | 'refunded' } | Unknown>;
  refund(key: string, patience: Patience): Promise<{ readonly status: 'refunded' } | Unknown>;
}

export interface CounterOptions {
  readonly provider: Provider;
  readonly timers: Timers;
  /** Milliseconds that one answer is waited for; read at each question. */
  readonly timeoutMs: () => number;
  /** Told of every question that got no answer; `cause` is what the provider's adapter threw, undefined if it was too late. */
  readonly onUnknown: (question: keyof Counter, key: string, cause: unknown) => void;
}

/** Milliseconds of the caller's time that are kept to tell it that nothing is known. */
const RESERVE_MS = 50;

export function createCounter({ provider, timers, timeoutMs, onUnknown }: CounterOptions): Counter {
  async function ask<Answer>(
    question: keyof Counter,
    key: string,
    patience: Patience,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | Unknown> {
    const ms = Math.min(timeoutMs(), timeLeft(patience));
    if (ms <= 0) return unknown;
    const stopped = new AbortController();
    let cause: unknown;
    const answered = call(stopped.signal).catch((error: unknown) => {
      cause = error;
      return unknown;
    });
    const answer = await within({ timers, ms, signal: patience.signal }, answered, unknown);
    if (answer !== unknown) return answer;
    stopped.abort(); // nobody waits any more
    onUnknown(question, key, cause);
    return unknown;
  }

  return {
    charge: (order, patience) => ask('charge', order.key, patience, (signal) => provider.charge(order, signal)),
    lookup: (key, patience) => ask('lookup', key, patience, (signal) => provider.lookup(key, signal)),
    cancel: (key, patience) => ask('cancel', key, patience, (signal) => provider.cancel(key, signal)),
    refund: (key, patience) => ask('refund', key, patience, (signal) => provider.refund(key, signal)),
  };
}

/** Milliseconds of the caller's time that may still be spent on asking. */
function timeLeft(patience: Patience): number {
  return patience.signal.aborted ? 0 : patience.remainingMs() - RESERVE_MS;
}

/** Milliseconds between unanswered questions: none, then from 50 doubling up to 1,000. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Waits before question number `attempt` (from 0) is repeated; false if the caller's time does not allow another one. */
export async function patientEnough(timers: Timers, attempt: number, patience: Patience): Promise<boolean> {
  const ms = attempt === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  if (timeLeft(patience) <= ms) return false;
  if (ms > 0) await pause(timers, ms, patience.signal);
  return timeLeft(patience) > 0;
}
