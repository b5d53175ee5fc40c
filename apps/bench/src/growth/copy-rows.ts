import type { Queryable } from '@stampede/postgres';

/** A table of which one row is copied, once for each further order. */
export interface Copied {
  /** As SQL has it: `sandbox.accounts`. */
  readonly table: string;
  /** The column that says whose row it is, and its type. */
  readonly key: string;
  readonly type: 'uuid' | 'text';
  /** What differs from the copied row, by column: SQL over `nth`: `n` (1, 2, 3 …), `id` (the nth order's), `users` (an array). */
  readonly columns: Readonly<Record<string, string>>;
}

export interface Copies {
  /** The id of the order whose rows are copied. */
  readonly template: string;
  /** Whose orders they are, in turn. */
  readonly users: readonly string[];
  /** Epoch ms of the first one's id; the others follow, 10 ms apart. */
  readonly since: number;
  /** The first and the last, from 1 on. */
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

/** Between two looks at whether all this is still wanted. */
const ROWS_A_STATEMENT = 250_000;

/** The nth order's id, a UUIDv7: the same in every database. */
const ORDER_ID = `(lpad(to_hex($3::bigint + n * 10), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid`;

/**
 * Copies the row that an order has in a table for further orders. Whatever columns the table has are the row's, so that rows are as long as real
 * ones, and the bench need not know what is in them.
 */
export async function copyRows(
  database: Queryable,
  { table, key, type, columns }: Copied,
  { template, users, since, from, to, signal }: Copies,
): Promise<void> {
  const attributes = await database.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  const names = attributes.map(({ name }) => name);
  const missing = [key, ...Object.keys(columns)].find((name) => !names.includes(name));
  if (missing !== undefined) throw new Error(`${table} has no column ${missing}`);
  const values = names.map((name) => (name === key ? `nth.id::${type}` : (columns[name] ?? `template.${name}`)));
  // OFFSET 0: an id is made once a row.
  const sql = `
    INSERT INTO ${table} (${names.join(', ')})
    SELECT ${values.join(', ')}
    FROM (SELECT * FROM ${table} WHERE ${key} = $1::${type} LIMIT 1) AS template,
      (SELECT n, ${ORDER_ID} AS id, $2::uuid[] AS users FROM generate_series($4::bigint, $5::bigint) AS n OFFSET 0) AS nth`;
  for (let begin = from; begin <= to; begin += ROWS_A_STATEMENT) {
    signal.throwIfAborted();
    await database.query(sql, [template, users, since, begin, Math.min(to, begin + ROWS_A_STATEMENT - 1)]);
  }
}

/**
 * Works while a table has only its primary key: an index of what comes in no order is built many times faster than it is filled. Nothing else may
 * write meanwhile.
 */
export async function withoutIndexes(database: Queryable, table: string, work: () => Promise<void>): Promise<void> {
  const found = await database.query<{ drop: string; restore: string }>(
    `SELECT CASE WHEN c.conname IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END AS drop,
       CASE WHEN c.conname IS NULL THEN pg_get_indexdef(i.indexrelid)
         ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) END AS restore
     FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
     WHERE i.indrelid = $1::regclass AND NOT i.indisprimary`,
    [table],
  );
  for (const { drop } of found) await database.query(drop);
  await work();
  await database.query(`SET maintenance_work_mem = '512MB'`);
  for (const { restore } of found) await database.query(restore);
}
