import type { Database } from '@stampede/postgres';
import { isRole } from '../domain/account.ts';
import type { Continued, Sessions } from '../domain/sessions.ts';

interface ContinuedRow {
  readonly user_id: string;
  readonly roles: readonly string[];
  readonly at: Date;
}

/**
 * Sessions in the tables `sessions` and `refresh_tokens`. Each step is one statement, so each is atomic without a transaction
 * around it; the row of the token, or of the user, decides who of several at once was first.
 */
export function createPostgresSessions(database: Database): Sessions {
  return {
    // FOR SHARE waits for a change of the password under way, and holds up one that comes after.
    async start({ id, userId, passwordVersion, refreshHash, refreshSeconds }) {
      const [row] = await database.query<ContinuedRow>(
        `WITH account AS (
           SELECT id, roles FROM users WHERE id = $2 AND password_version = $3 FOR SHARE
         ), session AS (
           INSERT INTO sessions (id, user_id, expire_time) SELECT $1, id, now() + make_interval(secs => $5) FROM account
           RETURNING id, user_id, expire_time
         ), token AS (
           INSERT INTO refresh_tokens (hash, session_id, expire_time) SELECT $4, id, expire_time FROM session
         )
         SELECT session.user_id, account.roles, now() AS at FROM session, account`,
        [id, userId, passwordVersion, refreshHash, refreshSeconds],
      );
      return row && continued(row);
    },

    async rotate(refreshHash, next, refreshSeconds) {
      const [row] = await database.query<ContinuedRow>(
        `WITH used AS (
           UPDATE refresh_tokens AS token SET use_time = now() FROM sessions
           WHERE token.hash = $1 AND token.use_time IS NULL AND token.expire_time > now()
             AND sessions.id = token.session_id AND sessions.revoke_time IS NULL
           RETURNING token.session_id, sessions.user_id
         ), next AS (
           INSERT INTO refresh_tokens (hash, session_id, expire_time)
           SELECT $2, session_id, now() + make_interval(secs => $3) FROM used RETURNING session_id, expire_time
         ), prolonged AS (
           UPDATE sessions SET expire_time = greatest(sessions.expire_time, next.expire_time) FROM next WHERE id = next.session_id
         ), forgotten AS (
           DELETE FROM refresh_tokens AS token USING used WHERE token.session_id = used.session_id AND token.expire_time <= now()
         )
         SELECT used.user_id, users.roles, now() AS at FROM used JOIN users ON users.id = used.user_id`,
        [refreshHash, next, refreshSeconds],
      );
      // A known token that is refused was used before, by somebody else or by whoever asks now. Which of the two is the thief cannot be
      // known, so the session ends for both (RFC 9700, 4.14.2). One that is expired or revoked has no session to lose.
      if (row === undefined) await end(refreshHash);
      return row && continued(row);
    },

    revoke: end,
  };

  /** Ends the session of a token. */
  async function end(refreshHash: Uint8Array): Promise<void> {
    await database.query(
      `UPDATE sessions SET revoke_time = now() FROM refresh_tokens AS token
       WHERE token.hash = $1 AND sessions.id = token.session_id AND sessions.revoke_time IS NULL`,
      [refreshHash],
    );
  }
}

function continued({ user_id: userId, roles, at }: ContinuedRow): Continued {
  return { userId, roles: roles.filter(isRole), at };
}
