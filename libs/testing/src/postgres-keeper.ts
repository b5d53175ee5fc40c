import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@stampede/embedded';
import type { TestPostgresOptions } from './test-postgres.ts';

/**
 * A process that keeps one throw-away Postgres for the process that forked it, with the options of its first argument: it sends the URLs, and
 * when its IPC channel closes, however its parent ended, it stops the server and removes its folder.
 */
const { databases = [], settings = {} } = JSON.parse(process.argv[2] ?? '{}') as TestPostgresOptions;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined); // only the parent's end counts

const folder = await mkdtemp(join(tmpdir(), 'stampede-test-'));
await chmod(folder, 0o755); // as root, Postgres runs as another account, which must get in
const removed = () => rm(folder, { recursive: true, force: true });
try {
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    databases,
    settings,
  });
  process.once('disconnect', () => void postgres.stop().then(removed));
  const urls = Object.fromEntries(databases.map((name) => [name, postgres.url(name)]));
  process.send?.({ adminUrl: postgres.adminUrl(), pid: postgres.pid, urls });
} catch (error) {
  await removed();
  process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.disconnect();
}
