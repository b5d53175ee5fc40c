import { startEmbeddedPostgres, type EmbeddedPostgres } from '@stampede/embedded';
import { createLifecycle } from '@stampede/lifecycle';
import { createLogger } from '@stampede/telemetry';
import { patiently } from './patiently.ts';
import { supervisedHost } from './supervised-host.ts';

interface Task {
  readonly dataDir: string;
  readonly port?: number;
  readonly databases: readonly string[];
}

/** The embedded Postgres under a process of its own. STAMPEDE_PROCESS: a Task; answers `{ ready: { port, urls } }` over IPC. */
const { dataDir, port, databases } = JSON.parse(process.env['STAMPEDE_PROCESS'] ?? '{}') as Task;
const host = supervisedHost();
const log = createLogger({ service: 'postgres', instance: String(process.pid) });
let postgres: EmbeddedPostgres | undefined;

await createLifecycle({ log, host })
  .add({
    name: 'postgres',
    async start() {
      const started = await patiently(() =>
        startEmbeddedPostgres({ dataDir, databases, log, ...(port !== undefined && { port }) }),
      );
      postgres = started;
      const urls = Object.fromEntries(databases.map((name) => [name, started.url(name)]));
      process.send?.({ pid: process.pid, ready: { port: Number(new URL(Object.values(urls)[0] ?? '').port), urls } });
      // A server that ends by itself takes this process along: the supervisor starts both again.
      void started.exited.then(() => host.emit('SIGTERM'));
    },
    stop: () => postgres?.stop() ?? Promise.resolve(),
  })
  .run();
