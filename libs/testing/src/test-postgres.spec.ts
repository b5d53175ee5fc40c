import { existsSync } from 'node:fs';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startTestPostgres } from './index.ts';

test('a server with databases and settings of its own, which keeps every commit, and is gone when it is stopped', async () => {
  const server = await startTestPostgres({ databases: ['shop'], settings: { checkpoint_timeout: '33s' } });
  onTestFinished(() => server.stop());
  const client = new pg.Client({ connectionString: server.urls['shop'] });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(
    `SELECT current_database() AS name, current_setting('checkpoint_timeout') AS checkpoints, current_setting('fsync') AS fsync,
            current_setting('synchronous_commit') AS commit`,
  );
  await client.end();
  expect(rows[0]).toMatchObject({ name: 'shop', checkpoints: '33s', fsync: 'on', commit: 'on' });
  expect(existsSync(`/proc/${server.pid}`)).toBe(true);
  await server.stop();
  expect(existsSync(`/proc/${server.pid}`)).toBe(false);
  await server.stop();
});
