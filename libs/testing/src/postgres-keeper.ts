import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@stampede/embedded';

/**
 * A process that keeps one throw-away Postgres for the tests of the process that forked it: it sends the superuser's URL, and when its IPC
 * channel closes, however its parent ended, it stops the server and removes its folder.
 */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined); // only the parent's end counts

const folder = await mkdtemp(join(tmpdir(), 'stampede-test-'));
await chmod(folder, 0o755); // as root, Postgres runs as another account, which must get in
const removed = () => rm(folder, { recursive: true, force: true });
try {
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    databases: [],
    // What a test loses in a power cut nobody misses.
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', autovacuum_naptime: '10s' },
  });
  process.once('disconnect', () => void postgres.stop().then(removed));
  process.send?.({ adminUrl: postgres.adminUrl() });
} catch (error) {
  await removed();
  process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.disconnect();
}
