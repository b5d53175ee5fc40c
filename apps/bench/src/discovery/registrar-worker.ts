import { connectEtcd, type Etcd } from '@stampede/etcd';
import { createRegistrar, type Registrar } from '@stampede/registry';
import { silentLogger } from '@stampede/telemetry';
import { serveTasks } from '../process/serve-tasks.ts';
import { epochMs } from '../measure/epoch-ms.ts';

const log = silentLogger();
const registrars = new Map<string, Registrar>();
let etcd: Etcd | undefined;

/** One more instance, which comes and goes: a process with a registrar, as every service has. */
serveTasks({
  async connect(endpoint: string): Promise<void> {
    etcd = connectEtcd({ endpoints: [endpoint], log });
    await etcd.get('/services/');
  },

  /** Answers when it began. */
  async join({ service, id }: { readonly service: string; readonly id: string }): Promise<number> {
    if (etcd === undefined) throw new Error('connect first');
    const metadata = { version: '1.0.0', metrics: '10.255.0.1:9001', lane: '1' };
    const registrar = createRegistrar({ etcd, instance: { id, service, address: '10.255.0.1:9000', metadata }, log });
    registrars.set(id, registrar);
    const begun = epochMs();
    await registrar.start();
    return begun;
  },

  /** Answers when it began. */
  async leave(id: string): Promise<number> {
    const begun = epochMs();
    await registrars.get(id)?.stop();
    registrars.delete(id);
    return begun;
  },
});
