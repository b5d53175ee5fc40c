import type pg from 'pg';
import type { Queryable, QueryOptions } from './queryable.ts';

/** Statements on one connection, one after the other however they are called: pg is about to stop queueing them itself. */
export function oneByOne(statements: Queryable): Queryable {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query(text, values, options) {
      const run = () => statements.query<never>(text, values, options);
      const result = last.then(run, run);
      last = result;
      return result;
    },
  };
}

/** Statements on one connection; their errors are Postgres' own. */
export function statementsOn(client: pg.ClientBase): Queryable {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = [], { name }: QueryOptions = {}) {
      const { rows } = await client.query<Row>({ text, values: [...values], ...(name !== undefined && { name }) });
      return rows;
    },
  };
}
