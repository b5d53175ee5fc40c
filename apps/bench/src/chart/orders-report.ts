import type { Machine } from '../measure/machine.ts';
import type { ShopFigures } from '../shop/summary.ts';
import { UsageError } from '../cli/usage-error.ts';

type Drawn = Pick<ShopFigures, 'ordersPerSecond' | 'minOrdersPerSecond' | 'maxOrdersPerSecond' | 'p50Ms' | 'p99Ms'>;

/** What a chart shows of the JSON of `orders`. */
export interface OrdersReport {
  readonly stampede: Drawn;
  readonly conventional: Drawn;
  readonly ratio: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly machine: Pick<Machine, 'cpu' | 'cores' | 'memoryGib' | 'node'>;
}

const FIGURES = ['ordersPerSecond', 'minOrdersPerSecond', 'maxOrdersPerSecond', 'p50Ms', 'p99Ms'];

/** Reads what `npm run bench -- orders --json` printed, whether or not npm said something before it. Throws UsageError. */
export function readOrdersReport(text: string): OrdersReport {
  const line = text.split('\n').findLast((each) => each.startsWith('{'));
  const report = parse(line ?? '');
  if (report === undefined) throw new UsageError('that is no JSON of a bench: npm run bench -- orders --json');
  if (report['bench'] !== 'orders')
    throw new UsageError(`that is the JSON of ${String(report['bench'])}, not of orders`);
  for (const shop of ['stampede', 'conventional']) {
    const figures = report[shop] as Record<string, unknown> | undefined;
    const missing = FIGURES.find((name) => typeof figures?.[name] !== 'number');
    if (missing !== undefined) throw new UsageError(`the JSON has no ${shop}.${missing}`);
  }
  return report as unknown as OrdersReport;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
