import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { connectDatabase } from '@stampede/postgres';
import { startTestPostgres } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from './root.ts';

const psql = spawnSync('psql', ['--version']).status === 0;
if (!psql) process.stderr.write('create-databases.sh is not tested: psql is not installed\n');

test.skipIf(!psql)('each name gets a role and a database of its own, into which the others may not', async () => {
  const postgres = await startTestPostgres();
  onTestFinished(() => postgres.stop());
  const admin = new URL(postgres.adminUrl);
  // Two words that SQL keeps for itself.
  await promisify(execFile)('sh', [path.join(ROOT, 'deploy/postgres/create-databases.sh')], {
    env: {
      ...process.env,
      PGHOST: admin.hostname,
      PGPORT: admin.port,
      PGPASSWORD: decodeURIComponent(admin.password),
      PGDATABASE: 'postgres',
      POSTGRES_USER: admin.username,
      POSTGRES_PASSWORD: "it's one",
      STAMPEDE_DATABASES: 'order user',
    },
  });
  const on = (role: string, database: string) => {
    const url = `postgres://${role}:${encodeURIComponent("it's one")}@${admin.host}/${database}`;
    const connected = connectDatabase({ url, applicationName: 'test' });
    onTestFinished(() => connected.close());
    return connected;
  };
  for (const name of ['order', 'user']) {
    await on(name, name).query('CREATE TABLE kept (id int)');
    const [row] = await on(name, name).query<{ name: string }>('SELECT current_user AS name');
    expect(row).toEqual({ name });
  }
  await expect(on('order', 'user').query('SELECT 1')).rejects.toThrow(/permission denied for database/);
});
