import { AppError } from '@stampede/errors';
import pg from 'pg';

/** @see https://www.postgresql.org/docs/18/errcodes-appendix.html */
const SERVER_GONE = new Set([
  '25P03', // idle in transaction for too long: this session was ended
  '25P04', // transaction timeout
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now: starting up, or shutting down
  '57P05', // idle session timeout
]);

const UNDONE_FOR_OTHERS = new Set([
  '40001', // serialization failure
  '40P01', // deadlock detected
  '55P03', // lock not available within lock_timeout
]);

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // the socket's file
]);

const CONTENDED = 'DATABASE_CONTENDED';

/** pg has words only for what happens to a connection on its own side. */
const PG_WORDS = /^(Connection terminated|Query read timeout|timeout expired|Client (has encountered|was closed))/;

/** The SQLSTATE of an error that Postgres answered. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether the connection is no more; what was under way on it was rolled back, unless it was a COMMIT. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return SERVER_GONE.has(state) || state.startsWith('08');
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && NETWORK.has(code)) return true;
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isConnectionLost);
  return PG_WORDS.test(error.message);
}

/** Whether Postgres undid the transaction for the sake of others, so that the same again may succeed. */
export function isContention(error: unknown): boolean {
  return UNDONE_FOR_OTHERS.has(sqlState(error) ?? '');
}

/** Whether it is what callers get to see of contention: nothing was done, and the rows were not to be had in time. */
export function isContended(error: unknown): boolean {
  return error instanceof AppError && error.reason === CONTENDED;
}

/** What callers get to see: no database → UNAVAILABLE, no room → UNAVAILABLE, contention without end → UNAVAILABLE; all else untouched. */
export function readableError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isContention(error)) {
    return new AppError('UNAVAILABLE', CONTENDED, 'too many are changing the same rows', { cause: error });
  }
  if (isConnectionLost(error) || sqlState(error) === '53300') {
    return new AppError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'the database cannot be reached', { cause: error });
  }
  return error;
}
