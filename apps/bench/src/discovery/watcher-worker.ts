import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connectEtcd } from '@stampede/etcd';
import { createWatcher } from '@stampede/registry';
import type { InstanceSet } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { serveTasks } from '../process/serve-tasks.ts';
import { epochMs } from '../measure/epoch-ms.ts';

export interface WatchRun {
  readonly endpoint: string;
  readonly service: string;
  /** Resolves when so many are listed. */
  readonly instances: number;
}

/** MiB. */
export interface ClientMemory {
  readonly residentMb: number;
  readonly heapMb: number;
}

interface Waiting {
  readonly id: string;
  readonly present: boolean;
  readonly resolve: (seenAt: number) => void;
}

const MIB = 2 ** 20;
const log = silentLogger();
let waiting: Waiting | undefined;
let enough: { readonly instances: number; readonly resolve: () => void } | undefined;

/** A process that calls a service and therefore knows all of its instances. */
serveTasks({
  /** Answers how long the first listing took, in ms. */
  async watch({ endpoint, service, instances }: WatchRun): Promise<number> {
    const begun = performance.now();
    const watcher = createWatcher({ etcd: connectEtcd({ endpoints: [endpoint], log }), log });
    const all = new Promise<void>((resolve) => (enough = { instances, resolve }));
    watcher.watch(service, (set) => {
      const now = epochMs();
      if (waiting !== undefined && isListed(set, waiting.id) === waiting.present) waiting.resolve(now);
      if (enough !== undefined && set.listed.length >= enough.instances) enough.resolve();
    });
    await all;
    return performance.now() - begun;
  },

  /** Answers when an instance was seen to be there, or to be gone; to be asked before that can be. */
  see({ id, present }: { readonly id: string; readonly present: boolean }): Promise<number> {
    return new Promise((resolve) => (waiting = { id, present, resolve }));
  },

  /** What the process holds when all that can be collected is. */
  async memory(): Promise<ClientMemory> {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    return { residentMb: rss / MIB, heapMb: heapUsed / MIB };
  },
});

function isListed({ listed }: InstanceSet, wanted: string): boolean {
  return listed.some(({ id }) => id === wanted);
}
