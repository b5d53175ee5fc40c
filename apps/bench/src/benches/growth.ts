import type { Bench, BenchOptions, Report } from '../bench.ts';
import { table } from '../cli/table.ts';
import { measureDiscovery, type DiscoveryFigures } from '../discovery/measure-discovery.ts';
import { measureOrders, type Stage } from '../growth/measure-orders.ts';
import { measureRound } from '../shop/measure-round.ts';
import { BUYERS } from '../shop/open-for-buyers.ts';
import { summarize, type ShopFigures } from '../shop/summary.ts';
import { measureVariants } from '../shop/variants.ts';

const REGISTERED = [10, 1_000, 10_000];
const CHANGES_A_ROUND = 10;
const INSTANCES = [1, 2, 4];
/** The gateway is not among them: buyers know one door. */
const SERVICES = ['user', 'inventory', 'payment', 'order'];

const PARTS = {
  orders: growOrders,
  instances: growInstances,
  discovery: growDiscovery,
} satisfies Record<string, (options: BenchOptions) => Promise<Report>>;

export const growth: Bench = {
  name: 'growth',
  summary: 'with 0, 1 and 5 million orders; 1, 2 and 4 instances of each service; 10 to 10,000 instances registered',
  parts: Object.keys(PARTS),
  defaults: { seconds: 20, rounds: 3 },
  async run(options) {
    const reports: Report[] = [];
    for (const [name, measure] of Object.entries(PARTS)) {
      if (options.parts?.includes(name) === false) continue;
      // Each part is gone before the next begins.
      await using scope = new AsyncDisposableStack();
      const report = await measure({ ...options, scope });
      if (report.broken !== undefined) return report;
      reports.push(report);
    }
    return {
      figures: Object.assign({}, ...reports.map(({ figures }) => figures)) as Report['figures'],
      text: reports.map(({ text }) => text).join('\n\n'),
    };
  },
};

async function growOrders(options: BenchOptions): Promise<Report> {
  const { stages, audits, broken } = await measureOrders(options);
  if (broken !== '') return { figures: { audits }, text: 'no figures', broken };
  const head = ['orders in the tables', 'orders/s', 'of an empty shop’s', 'p99 ms', 'postgres µs', 'MiB on the disk'];
  const row = (each: Stage) => [
    each.orders,
    each.ordersPerSecond,
    each.ratioToEmpty,
    each.p99Ms,
    each.cpuMicrosPerOrder['postgres'] ?? 0,
    each.databasesMb,
  ];
  return { figures: { orders: stages, ordersAudits: audits }, text: table(head, stages.map(row)) };
}

async function growInstances(options: BenchOptions): Promise<Report> {
  const counts = new Map(INSTANCES.map((count) => [`${count} of each service`, count]));
  const variants = [...counts].map(([name, count]) => ({
    name,
    settings: () => ({ instances: SERVICES.map((service) => `${service}=${count}`).join(',') }),
  }));
  const { found, audit, broken } = await measureVariants(variants, options, ({ open, postgres }) => {
    const run = { keyPrefix: 'measured-', buyers: BUYERS, seconds: options.seconds };
    return measureRound(open, postgres, { kind: 'closed', run });
  });
  if (broken !== undefined) return { figures: { audit }, text: 'no figures', broken };
  const instances = [...counts].map(([name, count]) => ({ instances: count, ...summarize(found.get(name) ?? []) }));
  const row = (each: ShopFigures & { readonly instances: number }) => [
    each.instances,
    each.ordersPerSecond,
    each.p99Ms,
    each.errors,
  ];
  const text = table(['of each service', 'orders/s', 'p99 ms', 'errors'], instances.map(row));
  return { figures: { instances, instancesAudit: audit }, text };
}

async function growDiscovery({ rounds, say, signal }: BenchOptions): Promise<Report> {
  const discovery: DiscoveryFigures[] = [];
  for (const instances of REGISTERED) {
    discovery.push(await measureDiscovery({ instances, changes: CHANGES_A_ROUND * rounds, say, signal }));
  }
  const head = [
    'registered',
    'one more is seen, ms',
    'max',
    'one less, ms',
    'max',
    'first listing ms',
    'client MiB',
    'heap',
  ];
  const row = ({ instances, joinedMs, leftMs, listingMs, client }: DiscoveryFigures) => [
    instances,
    joinedMs.median,
    joinedMs.max,
    leftMs.median,
    leftMs.max,
    listingMs,
    client.residentMb,
    client.heapMb,
  ];
  return { figures: { discovery }, text: table(head, discovery.map(row)) };
}
