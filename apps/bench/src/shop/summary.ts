import { mediansByName, rounded, spreadOf } from '../measure/spread.ts';
import type { ShopRound } from './measure-round.ts';

/** The figures of a shop: medians of its rounds, with the ends of its rate. */
export interface ShopFigures {
  readonly ordersPerSecond: number;
  readonly minOrdersPerSecond: number;
  readonly maxOrdersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Of all rounds, with what they were. */
  readonly errors: number;
  readonly errorText: string;
  readonly cpuMicrosPerOrder: Readonly<Record<string, number>>;
  /** That Postgres finished during all rounds. */
  readonly checkpoints: number;
}

export function summarize(rounds: readonly ShopRound[]): ShopFigures {
  const rate = spreadOf(rounds.map(({ ordersPerSecond }) => ordersPerSecond));
  const median = (of: (round: ShopRound) => number) => rounded(spreadOf(rounds.map(of)).median);
  return {
    ordersPerSecond: rounded(rate.median),
    minOrdersPerSecond: rounded(rate.min),
    maxOrdersPerSecond: rounded(rate.max),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    p999Ms: median(({ p999Ms }) => p999Ms),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    errorText: rounds.flatMap(({ errorText }) => (errorText === '' ? [] : [errorText])).join('; '),
    cpuMicrosPerOrder: mediansByName(rounds.map(({ cpu }) => cpu)),
    checkpoints: rounds.reduce((sum, { checkpoints }) => sum + checkpoints, 0),
  };
}
