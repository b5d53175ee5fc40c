import type { BenchOptions } from '../bench.ts';
import type { ClosedRun } from '../load/load-worker.ts';
import { soldOf, type LoadResult } from '../load/load-result.ts';
import { startWorker } from '../process/start-worker.ts';
import type { OpenShop } from './measure-round.ts';
import type { Shop } from './shop.ts';

/** As many as fill the batches and are served within a tenth of a second; more only wait longer. */
export const BUYERS = 256;
const WARM_UP_SECONDS = 5;

/** Puts buyers before a shop's door, who buy for a while before anything is measured; fails where nothing can be bought. */
export async function openForBuyers(
  shop: Shop,
  { scope, signal, say, seconds }: BenchOptions,
  target = shop.target,
): Promise<OpenShop> {
  const buyers = startWorker({ entry: new URL('../load/load-worker.ts', import.meta.url), signal, scope });
  await buyers.ask('aim', target);
  say(`warming up ${shop.name} …`);
  const run: ClosedRun = { keyPrefix: 'warm-up-', buyers: BUYERS, seconds: Math.min(seconds, WARM_UP_SECONDS) };
  const result = await buyers.ask<LoadResult>('closed', run);
  if (soldOf(result) === 0) throw new Error(`${shop.name} sells nothing: ${JSON.stringify(result.statuses)}`);
  const acknowledged = new Set(Array.from(result.acknowledged, (index) => `${run.keyPrefix}${index}`));
  return { shop, buyers, acknowledged };
}
