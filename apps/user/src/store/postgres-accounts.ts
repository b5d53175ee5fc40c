import type { Database } from '@stampede/postgres';
import type { Accounts } from '../domain/accounts.ts';
import { ACCOUNT_COLUMNS, accountOf, type AccountRow } from './account-row.ts';

interface CredentialsRow extends AccountRow {
  readonly password_hash: string;
  readonly password_version: number;
}

/** Accounts in the table `users`. */
export function createPostgresAccounts(database: Database): Accounts {
  return {
    async create({ id, email, emailKey, displayName, roles, passwordHash }) {
      const [row] = await database.query<AccountRow>(
        `INSERT INTO users (id, email, email_key, display_name, roles, password_hash) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (email_key) DO NOTHING RETURNING ${ACCOUNT_COLUMNS}`,
        [id, email, emailKey, displayName, roles, passwordHash],
      );
      return row && accountOf(row);
    },

    async findById(id) {
      const [row] = await database.query<AccountRow>(`SELECT ${ACCOUNT_COLUMNS} FROM users WHERE id = $1`, [id]);
      return row && accountOf(row);
    },

    async findByEmail(emailKey) {
      const [row] = await database.query<CredentialsRow>(
        `SELECT ${ACCOUNT_COLUMNS}, password_hash, password_version FROM users WHERE email_key = $1`,
        [emailKey],
      );
      return row && { account: accountOf(row), passwordHash: row.password_hash, passwordVersion: row.password_version };
    },

    change(id, passwordVersion, { email, displayName, roles, passwordHash }) {
      return database.transaction(async (tx) => {
        const [row] = await tx.query<AccountRow>(
          `UPDATE users SET email = $3, display_name = $4, roles = $5, password_hash = coalesce($6, password_hash),
             password_version = password_version + CASE WHEN $6::text IS NULL THEN 0 ELSE 1 END
           WHERE id = $1 AND password_version = $2 RETURNING ${ACCOUNT_COLUMNS}`,
          [id, passwordVersion, email, displayName, roles, passwordHash ?? null],
        );
        if (row === undefined) return undefined;
        if (passwordHash !== undefined) {
          // A statement of its own: it sees the sessions that began while the first one waited for the row.
          await tx.query('UPDATE sessions SET revoke_time = now() WHERE user_id = $1 AND revoke_time IS NULL', [id]);
        }
        return accountOf(row);
      });
    },

    async replaceHash(id, from, to) {
      await database.query('UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [id, from, to]);
    },
  };
}
