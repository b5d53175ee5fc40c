import fc from 'fast-check';
import { expect } from 'vitest';
import { historyInOrder, historyPlans } from './history-in-order.ts';
import type { Kit, TestClock } from './kit.ts';
import { liveThrough } from './live-through.ts';
import { allAtFault, etcdAtFault } from './plan.ts';
import { checkWatcher, watcherSteps } from './watcher-rules.ts';

export type CheckName = 'etcd' | 'anything' | 'rules' | 'history';

interface Check {
  readonly promise: string;
  property(kit: Kit, clock: () => TestClock): fc.IAsyncProperty<unknown>;
}

/** What is promised of random histories. */
export const CHECKS: Readonly<Record<CheckName, Check>> = {
  etcd: {
    promise: 'etcd alone is at fault: nobody who serves vanishes, and in the end everybody knows who serves',
    property: (kit, clock) =>
      fc.asyncProperty(etcdAtFault, async (plan) => {
        expect(await liveThrough(kit, clock(), plan)).toEqual({ wrong: [], untrue: [] });
      }),
  },
  anything: {
    promise: 'anything is at fault: once it is calm everybody knows in time who serves, and that nobody does',
    property: (kit, clock) =>
      fc.asyncProperty(allAtFault, async (plan) => {
        expect((await liveThrough(kit, clock(), plan)).wrong).toEqual([]);
      }),
  },
  rules: {
    promise: 'listed is what etcd lists; fading is exactly what the rules say',
    property: (kit, clock) => fc.asyncProperty(watcherSteps, (steps) => checkWatcher(kit, clock(), steps)),
  },
  history: {
    promise: 'what is told is the history of etcd, in order, up to its last state, whoever answers in whose place',
    property: (kit, clock) =>
      fc.asyncProperty(historyPlans, async (plan) => {
        expect(await historyInOrder(kit, clock(), plan)).toEqual([]);
      }),
  },
};
