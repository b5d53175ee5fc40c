import type { Report } from '../bench.ts';
import { table } from '../cli/table.ts';
import { medianOf, rounded } from '../measure/spread.ts';
import type { ShopRound } from '../shop/measure-round.ts';
import { summarize } from '../shop/summary.ts';
import type { Measured } from '../shop/variants.ts';
import type { Candidate } from './candidates.ts';
import type { Pauses } from './pauses.ts';

export interface GcRound extends ShopRound {
  /** By the process's name; MiB that it had in memory at the end. */
  readonly processes: Readonly<Record<string, Pauses & { readonly residentMb: number }>>;
}

/** Those that an order goes through. */
const ON_THE_PATH = ['gateway', 'order', 'inventory', 'payment'];

/** Each set of flags: what collecting costs every process, and what comes of it. Shares are medians, the longest pause is that of all rounds. */
export function reportGc(candidates: readonly Candidate[], { found, audit, broken }: Measured<GcRound>): Report {
  if (broken !== undefined) return { figures: { audit }, text: 'no figures', broken };
  const results = candidates.map(({ name, flags }) => {
    const rounds = found.get(name) ?? [];
    const processes = Object.fromEntries(ON_THE_PATH.map((process) => [process, figures(rounds, process)] as const));
    const longestPauseMs = Math.max(...Object.values(processes).map((each) => each.longestPauseMs));
    return { name, flags: flags ?? '', ...summarize(rounds), longestPauseMs, processes };
  });
  const head = [
    'flags',
    'orders/s',
    'p99 ms',
    'longest pause ms',
    ...ON_THE_PATH.map((name) => `${name} % (MiB)`),
    'µs an order',
  ];
  const rows = results.map((result) => [
    result.name,
    result.ordersPerSecond,
    result.p99Ms,
    result.longestPauseMs,
    ...ON_THE_PATH.map((name) => {
      const { share = 0, residentMb = 0 } = result.processes[name] ?? {};
      return `${rounded(share * 100, 3)} (${Math.round(residentMb)})`;
    }),
    rounded(ON_THE_PATH.reduce((sum, name) => sum + (result.cpuMicrosPerOrder[name] ?? 0), 0)),
  ]);
  return { figures: { results, audit }, text: `${table(head, rows)}\n\nnothing oversold, charged twice or lost` };
}

function figures(rounds: readonly GcRound[], process: string) {
  const all = rounds.flatMap(({ processes }) => processes[process] ?? []);
  const median = (of: (each: (typeof all)[number]) => number) => rounded(medianOf(all.map(of)), 3);
  return {
    share: median(({ share }) => share),
    longestPauseMs: rounded(Math.max(...all.map(({ longestMs }) => longestMs)), 3),
    minorPerSecond: median(({ minorPerSecond }) => minorPerSecond),
    majorPerSecond: median(({ majorPerSecond }) => majorPerSecond),
    residentMb: median(({ residentMb }) => residentMb),
  };
}
