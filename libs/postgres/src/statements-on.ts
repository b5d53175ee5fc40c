import type pg from 'pg';
import type { Queryable, QueryOptions } from './queryable.ts';

/** Statements on one connection; their errors are Postgres' own. */
export function statementsOn(client: pg.ClientBase): Queryable {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = [], { name }: QueryOptions = {}) {
      const { rows } = await client.query<Row>({ text, values: [...values], ...(name !== undefined && { name }) });
      return rows;
    },
  };
}
