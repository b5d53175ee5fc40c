import { startEmbeddedEtcd } from '@stampede/embedded';
import { createLifecycle } from '@stampede/lifecycle';
import { createLogger } from '@stampede/telemetry';
import { patiently } from './patiently.ts';
import { supervisedHost } from './supervised-host.ts';

/** The embedded etcd as a process of its own. STAMPEDE_PROCESS: `{ dataDir, port }`; answers `{ ready: { port } }` over IPC. */
const { dataDir, port } = JSON.parse(process.env['STAMPEDE_PROCESS'] ?? '{}') as { dataDir: string; port?: number };
const host = supervisedHost();
const log = createLogger({ service: 'etcd', instance: String(process.pid) });
let etcd: Awaited<ReturnType<typeof startEmbeddedEtcd>> | undefined;

await createLifecycle({ log, host })
  .add({
    name: 'etcd',
    async start() {
      etcd = await patiently(() => startEmbeddedEtcd({ dataDir, log, ...(port !== undefined && { port }) }));
      process.send?.({ pid: process.pid, ready: { port: Number(new URL(etcd.endpoint).port) } });
    },
    stop: () => etcd?.stop() ?? Promise.resolve(),
  })
  .run();
