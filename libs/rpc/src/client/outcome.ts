import type { AppError } from '@stampede/errors';

/**
 * What is known of a failed call.
 * `not-processed`: no handler saw it; it may be sent again, whatever it does.
 * `answered`: this error is the server's answer.
 * `unknown`: it may have been processed, be under way, or never have arrived (connection lost, out of time, cancelled). Ask, do not guess.
 */
export type CallOutcome = 'not-processed' | 'unknown' | 'answered';

const outcomes = new WeakMap<Error, CallOutcome>();

/**
 * What is known of the call that failed with `error`; `unknown` for errors that did not come from a channel.
 *
 * @example catch (error) { if (outcomeOf(error) === 'unknown') return askAgainWithTheSameKey(); }
 */
export function outcomeOf(error: unknown): CallOutcome {
  return (error instanceof Error ? outcomes.get(error) : undefined) ?? 'unknown';
}

/** The same error, with what is known of its call. */
export function withOutcome(error: AppError, outcome: CallOutcome): AppError {
  outcomes.set(error, outcome);
  return error;
}
