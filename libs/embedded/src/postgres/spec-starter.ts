import pg from 'pg';
import { startEmbeddedPostgres } from './start-embedded-postgres.ts';

/** For specs: starts the Postgres of a folder, commits a row, says the server's id, and waits to be killed; without a parent to tell, it stops. */
const postgres = await startEmbeddedPostgres({
  dataDir: process.argv[2] ?? '',
  databases: ['order'],
  settings: { shared_buffers: '16MB' },
});
const client = new pg.Client({ connectionString: postgres.url('order') });
await client.connect();
await client.query('CREATE TABLE kept AS SELECT 42 AS answer');
if (process.send === undefined) {
  await client.end();
  await postgres.stop();
} else {
  process.send({ pid: postgres.pid });
}
