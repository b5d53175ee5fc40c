import { AppError } from '@stampede/errors';
import pg from 'pg';
import { isConnectionLost, readableError } from './database-error.ts';
import type { DatabaseLog } from './database-log.ts';
import type { Database, QueryOptions } from './queryable.ts';
import { runTransaction, type Lend } from './run-transaction.ts';
import { statementsOn } from './statements-on.ts';
import { typeParsers } from './type-parsers.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** What pg_stat_activity shows of us. */
  readonly applicationName: string;
  /** Connections at most; 10 if absent. They are opened when needed and closed after 30 idle seconds. */
  readonly max?: number;
  /** Callers that may wait for a connection at most, others are refused at once; 1,000 if absent. */
  readonly maxWaiting?: number;
  /** How long a caller waits for a connection, or for one to be opened; 2,000 if absent. */
  readonly acquireTimeoutMs?: number;
  /** 10,000 if absent. A server that does not even answer that in time is given up 5 s later. */
  readonly statementTimeoutMs?: number;
  /** How long a statement waits for a lock; 200 if absent. */
  readonly lockTimeoutMs?: number;
  /** How long a transaction of ours may sit and do nothing before the server ends its session, and frees its locks; 300 if absent. */
  readonly idleInTransactionTimeoutMs?: number;
  /** Sends statements without waiting for the answers to those before them, where the caller does not wait either. Off if absent. */
  readonly pipeline?: boolean;
  /** What each session is set to besides, by Postgres' names, such as `{ enable_hashjoin: 'off' }`; words without spaces. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: DatabaseLog;
  /** 0 to 1, for the pauses between attempts; Math.random if absent. */
  readonly random?: () => number;
}

/**
 * A pool of connections. Failures are AppErrors where the database is at fault: UNAVAILABLE/DATABASE_UNAVAILABLE when it is not there,
 * RESOURCE_EXHAUSTED/DATABASE_BUSY when no connection came free in time. Others stay as Postgres said them. Nothing is connected before
 * the first statement.
 *
 * @example const db = connectDatabase({ url, applicationName: 'inventory' });
 */
export function connectDatabase(options: DatabaseOptions): Database {
  const {
    log,
    max = 10,
    maxWaiting = 1_000,
    statementTimeoutMs = 10_000,
    random = Math.random,
    pipeline = false,
    settings = {},
  } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 2_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 5_000,
    lock_timeout: options.lockTimeoutMs ?? 200,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 300,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    pipeline,
    types: typeParsers,
  });
  pool.on('error', (error) => log?.warn({ err: error }, 'an idle database connection was lost'));

  /** Lends a connection to `use`; one that broke meanwhile, or that `use` discards, does not go back into the pool. */
  async function withConnection<T>(use: Lend<T>): Promise<T> {
    if (pool.waitingCount >= maxWaiting) throw busy();
    const client = await pool.connect().catch((error: unknown) => {
      throw isPoolTimeout(error) ? busy(error) : readableError(error);
    });
    const onError = (error: Error) => log?.warn({ err: error }, 'a database connection was lost in use');
    client.on('error', onError); // without a listener it would end the process
    let lost = false;
    try {
      return await use(client, () => (lost = true));
    } catch (error) {
      lost ||= isConnectionLost(error);
      throw error;
    } finally {
      client.off('error', onError);
      client.release(lost);
    }
  }

  return {
    async query<Row extends object>(text: string, values?: readonly unknown[], queryOptions?: QueryOptions) {
      try {
        return await withConnection((client) => statementsOn(client).query<Row>(text, values, queryOptions));
      } catch (error) {
        throw readableError(error);
      }
    },
    transaction: (work, transactionOptions = {}) =>
      runTransaction({ withConnection, work, random, pipeline, log, ...transactionOptions }),
    close: () => pool.end(),
  };
}

function busy(cause?: unknown): AppError {
  return new AppError('RESOURCE_EXHAUSTED', 'DATABASE_BUSY', 'no database connection came free in time', { cause });
}

/** @see https://github.com/brianc/node-postgres/blob/master/packages/pg-pool/index.js, `connect`: it has no code */
function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}
