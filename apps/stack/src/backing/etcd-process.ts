import { createLifecycle } from '@stampede/lifecycle';
import { createLogger } from '@stampede/telemetry';
import { startEmbeddedEtcd } from '@stampede/embedded';

/** The embedded etcd as a process of its own. STAMPEDE_PROCESS: `{ dataDir, port }`; answers `{ ready: { port } }` over IPC. */
const { dataDir, port } = JSON.parse(process.env['STAMPEDE_PROCESS'] ?? '{}') as { dataDir: string; port?: number };
const log = createLogger({ service: 'etcd', instance: String(process.pid) });
const etcd = await startEmbeddedEtcd({ dataDir, log, ...(port !== undefined && { port }) });
process.send?.({ ready: { port: Number(new URL(etcd.endpoint).port) } });
await createLifecycle({ log })
  .add({ name: 'etcd', stop: () => etcd.stop() })
  .run();
