import { createMemoryEtcd } from '@stampede/etcd';
import type { Clock } from '@stampede/lifecycle';
import { createRegistrar } from '../create-registrar.ts';
import { createWatcher } from '../create-watcher.ts';

/** The production code that is put to the test: as it is, or with one rule removed (load-mutant.ts). */
export interface Kit {
  readonly createMemoryEtcd: typeof createMemoryEtcd;
  readonly createRegistrar: typeof createRegistrar;
  readonly createWatcher: typeof createWatcher;
}

export const kit: Kit = { createMemoryEtcd, createRegistrar, createWatcher };

/** Time that the test owns. */
export interface TestClock extends Clock {
  advance(ms: number): Promise<void>;
}
