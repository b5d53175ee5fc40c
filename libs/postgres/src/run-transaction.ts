import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CommitUnknownError } from './commit-unknown-error.ts';
import { isConnectionLost, isContention, readableError } from './database-error.ts';
import type { DatabaseLog } from './database-log.ts';
import type { Queryable, TransactionOptions } from './queryable.ts';
import { oneByOne, statementsOn } from './statements-on.ts';

/** Uses a connection of the pool; `discard` keeps it from going back there. */
export type Lend<T> = (client: pg.ClientBase, discard: () => void) => Promise<T>;

interface Run<T> extends TransactionOptions {
  readonly withConnection: <R>(use: Lend<R>) => Promise<R>;
  readonly work: (tx: Queryable) => Promise<T>;
  readonly random: () => number;
  readonly pipeline: boolean;
  readonly log: DatabaseLog | undefined;
}

/** See `Database.transaction`. */
export async function runTransaction<T>(run: Run<T>): Promise<T> {
  const { isolation = 'read committed', attempts = 5, withConnection, work, pipeline } = run;
  const statements = (client: pg.ClientBase) => (pipeline ? statementsOn(client) : oneByOne(statementsOn(client)));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withConnection((client, discard) => once(client, discard, isolation, statements(client), work));
    } catch (error) {
      const undone = isContention(error) || isConnectionLost(error);
      if (!undone || attempt >= attempts) throw readableError(error);
      run.log?.info({ err: error, attempt }, 'a transaction was undone: once more');
      await sleep(run.random() * Math.min(5 * 2 ** attempt, 100));
    }
  }
}

async function once<T>(
  client: pg.ClientBase,
  discard: () => void,
  isolation: string,
  statements: Queryable,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  let open = true;
  const underWay = new Set<Promise<unknown>>();
  const tx: Queryable = {
    query(text, values, options) {
      if (!open) return Promise.reject(new Error('this transaction is over'));
      const statement = statements.query<never>(text, values, options);
      underWay.add(statement);
      const settle = () => void underWay.delete(statement);
      statement.then(settle, settle);
      return statement;
    },
  };
  /** Whoever did not await a statement must not have it run after the end, outside of the transaction. */
  const close = async () => {
    open = false;
    await Promise.allSettled(underWay);
  };
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    const result = await work(tx);
    await close();
    await commit(client);
    return result;
  } catch (error) {
    await close();
    // A ROLLBACK would only wait behind what was never answered.
    if (error instanceof CommitUnknownError || isConnectionLost(error)) discard();
    else await client.query('ROLLBACK').catch(discard); // it goes back into the pool clean, or not at all
    throw error;
  }
}

async function commit(client: pg.ClientBase): Promise<void> {
  const answer = await client.query('COMMIT').catch((error: unknown) => {
    // An ERROR is Postgres' word that nothing was committed; a FATAL one, or none at all, leaves it open.
    throw error instanceof pg.DatabaseError && error.severity === 'ERROR' ? error : new CommitUnknownError(error);
  });
  if (answer.command !== 'COMMIT') {
    // A failed statement had spoilt the transaction, and Postgres answers such a COMMIT with a ROLLBACK, not with an error.
    throw new Error('nothing was committed: a statement of this transaction failed, and its error was not passed on');
  }
}
