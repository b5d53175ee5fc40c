import type { ClosedRun, OpenRun } from '../load/load-worker.ts';
import { errorsOf, soldOf, type LoadResult } from '../load/load-result.ts';
import { cpuMicros, microsPerOperation } from '../measure/cpu-time.ts';
import type { Worker } from '../process/start-worker.ts';
import type { BenchPostgres } from './database.ts';
import type { Shop } from './shop.ts';

/** What one round of a shop came to. */
export interface ShopRound {
  readonly ordersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Orders that were not bought, and why. */
  readonly errors: number;
  readonly errorText: string;
  /** µs of each process for each order that was bought. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Checkpoints that Postgres finished meanwhile. */
  readonly checkpoints: number;
}

/** A shop with buyers before its door. */
export interface OpenShop {
  readonly shop: Shop;
  readonly buyers: Worker;
  /** Keys of every order that was answered 201, of all rounds. */
  readonly acknowledged: Set<string>;
}

type Run = { readonly kind: 'closed'; readonly run: ClosedRun } | { readonly kind: 'open'; readonly run: OpenRun };

/** Lets buyers in, and weighs what it costs every process. */
export async function measureRound(
  { shop, buyers, acknowledged }: OpenShop,
  postgres: BenchPostgres,
  { kind, run }: Run,
): Promise<ShopRound> {
  const watched = [
    ...shop.processes,
    { name: 'postgres', pid: postgres.pid, withChildren: true },
    { name: 'load', pid: buyers.pid },
  ];
  const checkpoints = await postgres.checkpoints();
  const before = cpuMicros(watched);
  const result = await buyers.ask<LoadResult>(kind, run);
  const cpu = microsPerOperation(before, cpuMicros(watched), soldOf(result));
  for (const index of result.acknowledged) acknowledged.add(`${run.keyPrefix}${index}`);
  const errors = errorsOf(result);
  return {
    ordersPerSecond: soldOf(result) / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    p999Ms: result.p999Ms,
    errors: errors.count,
    errorText: errors.text,
    cpu,
    checkpoints: (await postgres.checkpoints()) - checkpoints,
  };
}
