import pg from 'pg';
import type { Passwords } from './passwords.ts';

/**
 * Gives each name a role and a database of the same name that it owns. Nobody connects to a database but its owner and the superuser.
 * Every step may be repeated: a start that was cut short is completed by the next.
 */
export async function ensureDatabases(
  adminUrl: string,
  databases: readonly string[],
  passwords: Passwords,
): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    for (const open of ['postgres', 'template1']) {
      await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${open} FROM PUBLIC`);
    }
    const roles = await column(admin, 'SELECT rolname AS name FROM pg_roles');
    const existing = await column(admin, 'SELECT datname AS name FROM pg_database');
    for (const name of databases) {
      const id = pg.escapeIdentifier(name);
      const password = pg.escapeLiteral(passwords[name] ?? '');
      await admin.query(`${roles.has(name) ? 'ALTER' : 'CREATE'} ROLE ${id} LOGIN PASSWORD ${password}`);
      if (!existing.has(name)) await admin.query(`CREATE DATABASE ${id} OWNER ${id}`);
      await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${id} FROM PUBLIC`);
    }
  } finally {
    await admin.end();
  }
}

async function column(client: pg.Client, text: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(text);
  return new Set(rows.map(({ name }) => name));
}
