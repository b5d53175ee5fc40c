import { createLifecycle } from '@stampede/lifecycle';
import { createLogger } from '@stampede/telemetry';
import { startEmbeddedPostgres } from '@stampede/embedded';

/** The embedded Postgres under a process of its own. STAMPEDE_PROCESS: `{ dataDir, port, databases }`; answers `{ ready: { port, urls } }` over IPC. */
interface Task {
  readonly dataDir: string;
  readonly port?: number;
  readonly databases: readonly string[];
}

const { dataDir, port, databases } = JSON.parse(process.env['STAMPEDE_PROCESS'] ?? '{}') as Task;
const log = createLogger({ service: 'postgres', instance: String(process.pid) });
const postgres = await startEmbeddedPostgres({ dataDir, databases, log, ...(port !== undefined && { port }) });
const urls = Object.fromEntries(databases.map((name) => [name, postgres.url(name)]));
// A server that ends by itself takes this process along: the supervisor starts both again.
void postgres.exited.then(() => process.kill(process.pid, 'SIGTERM'));
process.send?.({ ready: { port: Number(new URL(Object.values(urls)[0] ?? '').port), urls } });
await createLifecycle({ log })
  .add({ name: 'postgres', stop: () => postgres.stop() })
  .run();
