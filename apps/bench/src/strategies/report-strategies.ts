import type { Report } from '../bench.ts';
import { table } from '../cli/table.ts';
import { medianOf, rounded } from '../measure/spread.ts';
import { summarize } from '../shop/summary.ts';
import type { Measured } from '../shop/variants.ts';
import type { StrategyRound } from './loads.ts';
import type { Strategy } from './strategies.ts';

/** Each strategy beside the shop without it. No figure at the price of a promise. */
export function reportStrategies(strategies: readonly Strategy[], measured: Measured<StrategyRound>): Report {
  const { found, audit, broken } = measured;
  if (broken !== undefined) return { figures: { audit }, text: 'no figures', broken };
  const results = strategies.map(({ name, off, load, with: whole, without }) => {
    const [on, gone] = [figures(found.get(whole.name) ?? []), figures(found.get(without.name) ?? [])];
    const ratios = {
      ordersPerSecond: rounded(on.ordersPerSecond / gone.ordersPerSecond, 3),
      p99Ms: rounded(on.p99Ms / gone.p99Ms, 3),
    };
    return { strategy: name, off, load, with: on, without: gone, ratios };
  });
  const head = [
    'strategy',
    'load',
    'orders/s',
    'p99 ms',
    'without: orders/s',
    'p99 ms',
    'refused, then without',
    'off',
  ];
  const rows = results.map(({ strategy, load, with: on, without, off }) => [
    strategy,
    load,
    on.ordersPerSecond,
    on.p99Ms,
    without.ordersPerSecond,
    without.p99Ms,
    `${on.errors}, ${without.errors}`,
    off,
  ]);
  return { figures: { results, audit }, text: `${table(head, rows)}\n\nnothing oversold, charged twice or lost` };
}

function figures(rounds: readonly StrategyRound[]) {
  const reads = rounds.flatMap(({ readsPerSecond }) => readsPerSecond ?? []);
  return { ...summarize(rounds), ...(reads.length > 0 && { readsPerSecond: rounded(medianOf(reads)) }) };
}
