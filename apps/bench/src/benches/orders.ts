import type { Bench, BenchOptions } from '../bench.ts';
import { compare, type Found } from '../shop/compare.ts';
import { openConventional } from '../shop/conventional-shop.ts';
import { startDatabase, type BenchPostgres } from '../shop/database.ts';
import { measureRound, type OpenShop, type ShopRound } from '../shop/measure-round.ts';
import { BUYERS, openForBuyers } from '../shop/open-for-buyers.ts';
import { openStampede } from '../shop/stampede-shop.ts';

export const orders: Bench = {
  name: 'orders',
  summary: 'POST /v1/orders through all services, against the same shop in NestJS and TypeORM on the same Postgres',
  defaults: { seconds: 60, rounds: 2 },
  async run(options) {
    const { rounds, say } = options;
    const postgres = await startDatabase(options);
    const shops = [await openStampede(postgres, options), await openConventional(postgres, options)];
    const open: OpenShop[] = [];
    for (const shop of shops) open.push(await openForBuyers(shop, options));
    const found = new Map<string, ShopRound[]>(shops.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round += 1) {
      // There and back again: what changes on the machine by and by meets both alike.
      for (const each of round % 2 === 1 ? open : open.toReversed()) {
        found.get(each.shop.name)?.push(await runOnce(each, round, postgres, options));
      }
    }
    say('auditing …');
    const findings: Found[] = [];
    for (const { shop, acknowledged } of open) {
      findings.push({ rounds: found.get(shop.name) ?? [], audit: await shop.audit(acknowledged) });
    }
    const [stampede, conventional] = findings as [Found, Found];
    return compare(stampede, conventional, { buyers: BUYERS, postgres: await postgres.settings() });
  },
};

function runOnce(open: OpenShop, round: number, postgres: BenchPostgres, { seconds, rounds, say }: BenchOptions) {
  say(`round ${round} of ${rounds}: ${open.shop.name}, ${BUYERS} buyers, ${seconds} s …`);
  return measureRound(open, postgres, {
    kind: 'closed',
    run: { keyPrefix: `round-${round}-`, buyers: BUYERS, seconds },
  });
}
