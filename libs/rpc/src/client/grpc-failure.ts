import grpc from '@grpc/grpc-js';
import { AppError, CODES } from '@stampede/errors';
import { HEADERS, NOT_PROCESSED, UNKNOWN } from '../wire/header-names.ts';
import { decodeError } from '../wire/status-details.ts';
import { withOutcome, type CallOutcome } from './outcome.ts';

/**
 * grpc-js 1.14's words for RST_STREAM with REFUSED_STREAM, which it does not say otherwise; a spec with a raw HTTP/2 server holds it. On Node 26 a message
 * that was being written hears of it first.
 */
const REFUSED_STREAM = [
  'Stream refused by server',
  'Write error: Stream closed with error code NGHTTP2_REFUSED_STREAM',
];

/** Codes that grpc-js also makes up itself when a call is lost on its way, so that only a server's own trailers make them an answer. */
const AMBIGUOUS = new Set<number>([
  CODES.CANCELLED,
  CODES.UNKNOWN,
  CODES.DEADLINE_EXCEEDED,
  CODES.RESOURCE_EXHAUSTED,
  CODES.INTERNAL,
  CODES.UNAVAILABLE,
  CODES.DATA_LOSS,
]);

/** Reads the status of a failed call. `started`: it got as far as an HTTP/2 stream. */
export function failureOf(status: grpc.StatusObject, started: boolean): AppError {
  const { code, details, metadata } = status;
  if (!started && (code === grpc.status.UNAVAILABLE || code === grpc.status.INTERNAL)) {
    return withOutcome(new AppError('UNAVAILABLE', 'CONNECTION_FAILED', details), 'not-processed');
  }
  if (code === grpc.status.UNAVAILABLE && REFUSED_STREAM.includes(details)) {
    return withOutcome(new AppError('UNAVAILABLE', 'STREAM_REFUSED', details), 'not-processed');
  }
  const sent = metadata.get(HEADERS.details)[0];
  const answered = metadata.get(HEADERS.instance).length > 0 || sent !== undefined;
  const outcome = readOutcome(code, metadata.get(HEADERS.outcome)[0], answered);
  if (!answered && code === grpc.status.UNAVAILABLE) {
    return withOutcome(new AppError('UNAVAILABLE', 'CONNECTION_LOST', details), outcome);
  }
  return withOutcome(decodeError(code, details, typeof sent === 'string' ? undefined : sent), outcome);
}

/** What is known of a call that failed with `code`. `said`: the trailer `stampede-outcome`; `answered`: the server spoke. */
export function readOutcome(code: number, said: unknown, answered: boolean): CallOutcome {
  if (said === NOT_PROCESSED || said === UNKNOWN) return said;
  // Whoever says these, the handler may be running still.
  if (code === CODES.CANCELLED || code === CODES.DEADLINE_EXCEEDED) return 'unknown';
  return answered || !AMBIGUOUS.has(code) ? 'answered' : 'unknown';
}

/** Why a call was given up by its caller. */
export function abortedBy(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  const late = reason instanceof AppError && reason.code === 'DEADLINE_EXCEEDED';
  return late
    ? new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline of the call being served has passed')
    : new AppError('CANCELLED', 'CANCELLED', 'the call was cancelled by its caller', { cause: reason });
}
