export interface QueryOptions {
  /**
   * Prepares the statement under this name, once a connection, and reuses its plan: for hot statements. One name must always come with one
   * text.
   */
  readonly name?: string;
}

/** Where statements run: a database, or a transaction in it. Repositories take this (or a `Database`), never a connection. */
export interface Queryable {
  /**
   * Runs one statement with `$1, $2 …` bound to `values` and gives its rows. int8 is a number (a value beyond 2^53 throws), numeric a
   * string, timestamps are Dates, json is parsed; arrays are bound as Postgres arrays, json must be bound as text.
   *
   * @example const [row] = await db.query<{ available: number }>('SELECT available FROM products WHERE sku = $1', [sku]);
   */
  query<Row extends object>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<readonly Row[]>;
}

export interface TransactionOptions {
  /** `read committed` if absent. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** How often the work is run at most; 5 if absent. */
  readonly attempts?: number;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. Where Postgres undid it for the sake of others
   * (serialization failure, deadlock, lock timeout) or the connection broke before COMMIT, **the whole of `work` is run again** after a
   * jittered pause: it must do nothing outside the transaction that may not be repeated, and must await (or reject with) every statement.
   *
   * @throws CommitUnknownError when the connection broke during COMMIT: find out by reading what you wrote.
   * @throws AppError UNAVAILABLE/DATABASE_CONTENDED when the attempts are used up; otherwise as `query`.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Waits for the statements under way, then closes every connection. */
  close(): Promise<void>;
}
