import { connectEtcd, type Etcd } from '@stampede/etcd';
import { grpcNaming } from '@stampede/registry';
import { silentLogger } from '@stampede/telemetry';
import { serveTasks } from '../process/serve-tasks.ts';

export interface Fleet {
  readonly endpoint: string;
  readonly service: string;
  readonly instances: number;
  readonly leaseSeconds: number;
}

const REGISTERING = 64;
/** Refreshes in a lease's life, as the registrar's. */
const REFRESHES = 3;
const TICK_MS = 10;

/**
 * Stands for a fleet: one lease and one key an instance, each lease refreshed as often as a registrar of ours does. One process and one connection
 * carry what thousands of machines would.
 */
serveTasks({
  async register({ endpoint, service, instances, leaseSeconds }: Fleet): Promise<void> {
    const etcd = connectEtcd({ endpoints: [endpoint], log: silentLogger(), callTimeoutMs: 10_000 });
    const leases: string[] = [];
    let next = 0;
    const one = async (): Promise<void> => {
      for (let index = next++; index < instances; index = next++) {
        const id = `${service}-${String(index).padStart(6, '0')}`;
        const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:9000`;
        const lease = await etcd.grantLease(leaseSeconds);
        const metadata = { version: '1.0.0', metrics: address, lane: '1' };
        await etcd.put(grpcNaming.key(service, id), grpcNaming.value({ id, service, address, metadata }), {
          leaseId: lease.id,
        });
        leases.push(lease.id);
      }
    };
    keepAlive(etcd, leases, (leaseSeconds * 1_000) / REFRESHES);
    await Promise.all(Array.from({ length: REGISTERING }, one));
  },

  /** Answers as long as every lease lives. */
  alive: () => Promise.resolve(),
});

/** Refreshes one after the other, evenly, all of them every so often. A lease that is lost ends the process: nobody may measure a smaller fleet. */
function keepAlive(etcd: Etcd, leases: readonly string[], everyMs: number): void {
  let turn = 0;
  let due = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    due += ((now - last) / everyMs) * leases.length;
    last = now;
    for (; due >= 1; due -= 1) {
      turn = turn < leases.length ? turn : 0;
      void etcd.refreshLease(leases[turn++] ?? '');
    }
  }, TICK_MS);
}
