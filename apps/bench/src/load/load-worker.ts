import { serveTasks } from '../process/serve-tasks.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { LoadResult } from './load-result.ts';
import { runOpenLoop } from './open-loop.ts';
import { createOrderRequests } from './order-requests.ts';

/** A shop to buy from, and who buys what. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tokens: readonly string[];
  readonly skus: readonly string[];
}

export interface ClosedRun {
  readonly keyPrefix: string;
  readonly buyers: number;
  readonly seconds: number;
}

export interface OpenRun {
  readonly keyPrefix: string;
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly graceSeconds: number;
}

let target: Target | undefined;

/** Buyers as a process of their own: what they cost is not the shop's. */
serveTasks({
  async aim(at: Target): Promise<void> {
    target = at;
    await Promise.resolve();
  },
  closed: (run: ClosedRun): Promise<LoadResult> => runClosedLoop({ ...run, ...where(run.keyPrefix) }),
  open: (run: OpenRun): Promise<LoadResult> => runOpenLoop({ ...run, ...where(run.keyPrefix) }),
});

function where(keyPrefix: string) {
  if (target === undefined) throw new Error('aim first');
  const { host, port } = target;
  return { host, port, request: createOrderRequests({ ...target, host: `${host}:${port}`, keyPrefix }) };
}
