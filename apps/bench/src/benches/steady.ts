import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchOptions } from '../bench.ts';
import { table } from '../cli/table.ts';
import { auditFigures, brokenPromise } from '../shop/audit.ts';
import { startDatabase, type BenchPostgres } from '../shop/database.ts';
import { measureRound, type OpenShop, type ShopRound } from '../shop/measure-round.ts';
import { openForBuyers } from '../shop/open-for-buyers.ts';
import { openStampede } from '../shop/stampede-shop.ts';
import { summarize, type ShopFigures } from '../shop/summary.ts';

/** Orders a second: a hundred million a day, and the day when everyone arrives at once. */
const RATES = [1_157, 5_000];
const CONNECTIONS = 512;
const GRACE_SECONDS = 15;
const REST_MS = 2_000;

export const steady: Bench = {
  name: 'steady',
  summary: 'orders that come at 1,157 and 5,000 a second whatever becomes of those before: p50, p99, p99.9',
  defaults: { seconds: 30, rounds: 2 },
  async run(options) {
    const { rounds, say } = options;
    const postgres = await startDatabase(options);
    const open = await openForBuyers(await openStampede(postgres, options), options);
    const found = new Map<number, ShopRound[]>(RATES.map((rate) => [rate, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const rate of RATES) found.get(rate)?.push(await runOnce(open, round, rate, postgres, options));
    }
    say('auditing …');
    const audit = await open.shop.audit(open.acknowledged);
    const broken = brokenPromise(open.shop.name, audit);
    const figures = { audit: auditFigures(audit) };
    if (broken !== undefined) return { figures, text: 'no figures', broken };
    const results = RATES.map((rate) => ({ rate, ...summarize(found.get(rate) ?? []) }));
    return { figures: { results, ...figures, postgres: await postgres.settings() }, text: text(results) };
  },
};

async function runOnce(
  open: OpenShop,
  round: number,
  rate: number,
  postgres: BenchPostgres,
  { seconds, rounds, say, signal }: BenchOptions,
): Promise<ShopRound> {
  say(`round ${round} of ${rounds}: ${rate} orders a second for ${seconds} s …`);
  await sleep(REST_MS, undefined, { signal });
  const keyPrefix = `round-${round}-at-${rate}-`;
  const run = { keyPrefix, rate, seconds, connections: CONNECTIONS, graceSeconds: GRACE_SECONDS };
  return measureRound(open, postgres, { kind: 'open', run });
}

type Figures = ShopFigures & { readonly rate: number };

function text(results: readonly Figures[]): string {
  const head = ['due a second', 'orders/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'errors', 'which'];
  const rows = results.map((each) => [
    each.rate,
    each.ordersPerSecond,
    each.p50Ms,
    each.p99Ms,
    each.p999Ms,
    each.errors,
    each.errorText,
  ]);
  return [table(head, rows), '', 'nothing oversold, charged twice or lost'].join('\n');
}
