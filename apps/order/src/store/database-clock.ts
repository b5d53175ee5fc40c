import type { Queryable } from '@stampede/postgres';

/**
 * The database's time without asking for it: what it said last, and what a clock that never jumps has counted since. For stamps that must be
 * known before a statement is sent (they are inside an event's bytes); whatever is decided by time is decided by the database itself.
 */
export interface DatabaseClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** The database said `time` just now. */
  heard(time: Date): void;
}

export async function createDatabaseClock(
  db: Queryable,
  { monotonic }: { readonly monotonic: () => number },
): Promise<DatabaseClock> {
  let offset = 0;
  const heard = (time: Date) => {
    offset = time.getTime() - monotonic();
  };
  const [row] = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  if (row !== undefined) heard(row.now);
  return { now: () => Math.trunc(offset + monotonic()), heard };
}
