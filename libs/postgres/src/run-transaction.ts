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
      return await withConnection((client, discard) =>
        once({ client, discard, isolation, statements: statements(client), pipeline }, work),
      );
    } catch (error) {
      const undone = isContention(error) || isConnectionLost(error);
      if (!undone || attempt >= attempts) throw readableError(error);
      run.log?.info({ err: error, attempt }, 'a transaction was undone: once more');
      await sleep(run.random() * Math.min(5 * 2 ** attempt, 100));
    }
  }
}

interface Once {
  readonly client: pg.ClientBase;
  readonly discard: () => void;
  readonly isolation: string;
  readonly statements: Queryable;
  readonly pipeline: boolean;
}

async function once<T>(
  { client, discard, isolation, statements, pipeline }: Once,
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
  try {
    const begun = client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    if (pipeline) begun.catch(() => undefined);
    else await begun;
    const result = await work(tx);
    open = false;
    // Whoever did not await a statement must not have it run after the end, outside of the transaction.
    const last = [...underWay];
    if (!pipeline) await Promise.allSettled(last);
    // COMMIT follows in the same pipe: where one of the last statements failed, Postgres rolls back instead.
    const committed = commit(client);
    const outcomes = await Promise.allSettled([...last, committed]);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected' && isRefusal(outcome.reason));
    if (refused?.status === 'rejected') throw refused.reason;
    await committed;
    return result;
  } catch (error) {
    open = false;
    await Promise.allSettled(underWay);
    // A ROLLBACK would only wait behind what was never answered.
    if (error instanceof CommitUnknownError || isConnectionLost(error)) discard();
    else await client.query('ROLLBACK').catch(discard); // it goes back into the pool clean, or not at all
    throw error;
  }
}

/** Postgres' word that a statement failed, and with it the transaction. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

async function commit(client: pg.ClientBase): Promise<void> {
  const answer = await client.query('COMMIT').catch((error: unknown) => {
    // An ERROR is Postgres' word that nothing was committed; a FATAL one, or none at all, leaves it open.
    throw isRefusal(error) ? error : new CommitUnknownError(error);
  });
  if (answer.command !== 'COMMIT') {
    // A failed statement had spoilt the transaction, and Postgres answers such a COMMIT with a ROLLBACK, not with an error.
    throw new Error('nothing was committed: a statement of this transaction failed, and its error was not passed on');
  }
}
