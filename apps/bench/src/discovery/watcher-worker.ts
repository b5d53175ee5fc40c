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

interface Expected {
  readonly id: string;
  readonly present: boolean;
}

const MIB = 2 ** 20;
const log = silentLogger();
let expected: Expected | undefined;
let seen = Promise.withResolvers<number>();
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
      if (expected !== undefined && isListed(set, expected.id) === expected.present) seen.resolve(now);
      if (enough !== undefined && set.listed.length >= enough.instances) enough.resolve();
    });
    await all;
    return performance.now() - begun;
  },

  /** What is looked for from now on: an instance that is there, or is gone. */
  expect(next: Expected): Promise<void> {
    expected = next;
    seen = Promise.withResolvers();
    return Promise.resolve();
  },

  /** Answers when it was seen. */
  seen: () => seen.promise,

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
