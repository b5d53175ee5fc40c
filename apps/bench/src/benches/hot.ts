import type { Bench, BenchOptions } from '../bench.ts';
import { table } from '../cli/table.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { ReserveResult, ReserveRun } from '../load/reserve-worker.ts';
import { cpuMicros, microsPerOperation } from '../measure/cpu-time.ts';
import { mediansByName, rounded, spreadOf } from '../measure/spread.ts';
import { startWorker, type Worker } from '../process/start-worker.ts';
import { auditFigures, brokenPromise } from '../shop/audit.ts';
import { startDatabase, type BenchPostgres } from '../shop/database.ts';
import { measureRound, type OpenShop, type ShopRound } from '../shop/measure-round.ts';
import { BUYERS, openForBuyers } from '../shop/open-for-buyers.ts';
import { PRICE } from '../shop/shop.ts';
import { openStampede, type StampedeShop } from '../shop/stampede-shop.ts';

const HOT = 'bench-hot';
/** The last units of something, and whoever is left to fight for them. */
const LAST = { sku: 'bench-last', units: 200, seconds: 2 };
const CALLERS = 1_024;
const WARM_UP_SECONDS = 2;

interface ReserveRound extends ReserveResult {
  readonly cpu: Readonly<Record<string, number>>;
}

export const hot: Bench = {
  name: 'hot',
  summary: 'everyone wants the same SKU: verdicts of the inventory alone, orders the whole way, and the last units',
  defaults: { seconds: 5, rounds: 5 },
  async run(options) {
    const { rounds, seconds, say } = options;
    const postgres = await startDatabase(options);
    const shop = await openStampede(postgres, options, [HOT]);
    const open = await openForBuyers(shop, options);
    const whole: ShopRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: ${BUYERS} buyers of one SKU, ${seconds} s …`);
      const run = { keyPrefix: `round-${round}-`, buyers: BUYERS, seconds };
      whole.push(await measureRound(open, postgres, { kind: 'closed', run }));
    }
    const beyond = await sellLast(open, shop);
    say('auditing …');
    // Before the inventory is asked by itself: what it then holds, no order explains.
    const audit = await shop.audit(open.acknowledged);
    const decided = await decide(shop, postgres, options);
    const oversold = audit.oversold + beyond + (await shop.oversold());
    const figures = { oversold, audit: auditFigures({ ...audit, oversold }) };
    const broken = brokenPromise(shop.name, { ...audit, oversold });
    if (broken !== undefined) return { figures, text: 'no figures', broken };
    return report(whole, decided, figures);
  },
};

/** Sells what is left of something to more buyers than it has units; answers how many bought what was not there. */
async function sellLast(open: OpenShop, shop: StampedeShop): Promise<number> {
  await shop.addProduct(LAST.sku, LAST.units);
  await open.buyers.ask('aim', { ...shop.target, skus: [LAST.sku] });
  const run = { keyPrefix: 'last-', buyers: BUYERS, seconds: LAST.seconds };
  const { acknowledged } = await open.buyers.ask<LoadResult>('closed', run);
  for (const index of acknowledged) open.acknowledged.add(`${run.keyPrefix}${index}`);
  return Math.max(0, acknowledged.length - LAST.units);
}

async function decide(shop: StampedeShop, postgres: BenchPostgres, options: BenchOptions): Promise<ReserveRound[]> {
  const { rounds, seconds, say, signal, scope } = options;
  const entry = new URL('../load/reserve-worker.ts', import.meta.url);
  const caller = startWorker({ entry, signal, scope });
  await caller.ask('connect', shop.stack.dataDir);
  const run = (forSeconds: number): ReserveRun => ({
    sku: HOT,
    unitPrice: PRICE,
    callers: CALLERS,
    seconds: forSeconds,
  });
  await caller.ask('reserve', run(Math.min(seconds, WARM_UP_SECONDS)));
  const found: ReserveRound[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}: ${CALLERS} callers reserve one SKU, ${seconds} s …`);
    found.push(await decideOnce(caller, run(seconds), shop, postgres));
  }
  return found;
}

async function decideOnce(
  caller: Worker,
  run: ReserveRun,
  { processes }: StampedeShop,
  postgres: BenchPostgres,
): Promise<ReserveRound> {
  const watched = [
    ...processes.filter(({ name }) => name === 'inventory'),
    { name: 'postgres', pid: postgres.pid, withChildren: true },
    { name: 'load', pid: caller.pid },
  ];
  const before = cpuMicros(watched);
  const result = await caller.ask<ReserveResult>('reserve', run);
  return { ...result, cpu: microsPerOperation(before, cpuMicros(watched), result.decisions) };
}

function report(
  whole: readonly ShopRound[],
  decided: readonly ReserveRound[],
  figures: Readonly<Record<string, unknown>>,
) {
  const decisions = spreadOf(decided.map(({ decisions: count, seconds }) => count / seconds));
  const sold = spreadOf(whole.map(({ ordersPerSecond }) => ordersPerSecond));
  const found = {
    decisionsPerSecond: rounded(decisions.median),
    minDecisionsPerSecond: rounded(decisions.min),
    maxDecisionsPerSecond: rounded(decisions.max),
    decisionP99Ms: rounded(spreadOf(decided.map(({ p99Ms }) => p99Ms)).median),
    cpuMicrosPerDecision: mediansByName(decided.map(({ cpu }) => cpu)),
    ordersPerSecond: rounded(sold.median),
    minOrdersPerSecond: rounded(sold.min),
    maxOrdersPerSecond: rounded(sold.max),
    orderP99Ms: rounded(spreadOf(whole.map(({ p99Ms }) => p99Ms)).median),
    cpuMicrosPerOrder: mediansByName(whole.map(({ cpu }) => cpu)),
    errors: whole.reduce((sum, { errors }) => sum + errors, 0),
  };
  const rows = [
    [
      'decisions',
      found.decisionsPerSecond,
      `${found.minDecisionsPerSecond} … ${found.maxDecisionsPerSecond}`,
      found.decisionP99Ms,
    ],
    ['orders', found.ordersPerSecond, `${found.minOrdersPerSecond} … ${found.maxOrdersPerSecond}`, found.orderP99Ms],
  ];
  const lines = [
    table(['one SKU', 'a second', 'min … max', 'p99 ms'], rows),
    '',
    'nothing oversold, charged twice or lost',
  ];
  return { figures: { ...found, ...figures }, text: lines.join('\n') };
}
