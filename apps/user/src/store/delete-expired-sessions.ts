import type { Database } from '@stampede/postgres';

/** Rows a statement: its locks are short, and instances that sweep at once skip each other's. */
const BATCH = 1_000;

/**
 * Deletes the sessions whose last refresh token has expired, with all their tokens. Returns how many. An hour late, so that no rotation
 * that began in time still holds their rows.
 */
export async function deleteExpiredSessions(database: Database): Promise<number> {
  let deleted = 0;
  for (;;) {
    const rows = await database.query(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE expire_time <= now() - interval '1 hour' ORDER BY expire_time LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
    );
    deleted += rows.length;
    if (rows.length < BATCH) return deleted;
  }
}
