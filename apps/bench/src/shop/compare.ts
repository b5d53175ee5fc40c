import type { Report } from '../bench.ts';
import { table } from '../cli/table.ts';
import { rounded } from '../measure/spread.ts';
import { auditFigures, brokenPromise, type Audit } from './audit.ts';
import type { ShopRound } from './measure-round.ts';
import { summarize, type ShopFigures } from './summary.ts';

/** What was found of a shop: its rounds, and what its books say after them. */
export interface Found {
  readonly rounds: readonly ShopRound[];
  readonly audit: Audit;
}

/** Our shop against its peer. No figure at the price of a promise: where either broke one, that is all that is reported. */
export function compare(stampede: Found, conventional: Found, facts: Readonly<Record<string, unknown>>): Report {
  const audit = { ...auditFigures(stampede.audit), conventional: auditFigures(conventional.audit) };
  const broken = [brokenPromise('stampede', stampede.audit), brokenPromise('conventional', conventional.audit)].filter(
    (each) => each !== undefined,
  );
  if (broken.length > 0) return { figures: { audit }, text: 'no figures', broken: broken.join('\n') };
  const ours = summarize(stampede.rounds);
  const theirs = summarize(conventional.rounds);
  const ratio = rounded(ours.ordersPerSecond / theirs.ordersPerSecond);
  return { figures: { stampede: ours, conventional: theirs, ratio, audit, ...facts }, text: text(ours, theirs, ratio) };
}

function text(stampede: ShopFigures, conventional: ShopFigures, ratio: number): string {
  const rows = Object.entries({ stampede, conventional }).map(([name, figures]) => [
    name,
    figures.ordersPerSecond,
    `${figures.minOrdersPerSecond} … ${figures.maxOrdersPerSecond}`,
    figures.p50Ms,
    figures.p99Ms,
    figures.checkpoints,
    figures.errors,
    figures.errorText,
  ]);
  const head = ['shop', 'orders/s', 'min … max', 'p50 ms', 'p99 ms', 'checkpoints', 'errors', 'which'];
  const processes = [...new Set([stampede, conventional].flatMap((each) => Object.keys(each.cpuMicrosPerOrder)))];
  const costs = processes.map((name) => [
    name,
    stampede.cpuMicrosPerOrder[name] ?? 0,
    conventional.cpuMicrosPerOrder[name] ?? 0,
  ]);
  return [
    table(head, rows),
    '',
    table(['CPU µs an order', 'stampede', 'conventional'], costs),
    '',
    `ratio ${ratio}; nothing oversold, charged twice or lost`,
  ].join('\n');
}
