import type { BenchOptions } from '../bench.ts';
import { medianOf, rounded } from '../measure/spread.ts';
import { auditFigures, brokenPromise } from '../shop/audit.ts';
import { startDatabase, type BenchPostgres } from '../shop/database.ts';
import { measureRound, type OpenShop, type ShopRound } from '../shop/measure-round.ts';
import { BUYERS, openForBuyers } from '../shop/open-for-buyers.ts';
import { openStampede } from '../shop/stampede-shop.ts';
import { summarize, type ShopFigures } from '../shop/summary.ts';
import { auditBooks } from './audit-books.ts';
import { aDayAgo, grow } from './grow.ts';

/** Orders in the tables before each stage. */
const STAGES = [0, 1_000_000, 5_000_000];

export interface Stage extends ShopFigures {
  readonly orders: number;
  /** Of a shop with next to no orders, round by round in turn with this one. */
  readonly emptyOrdersPerSecond: number;
  readonly ratioToEmpty: number;
  /** MiB on the disk, of all databases. */
  readonly databasesMb: number;
}

interface Open extends OpenShop {
  readonly postgres: BenchPostgres;
}

/**
 * Two shops, each on a Postgres of its own: one grows, the other stays what it was, so that what changes on the machine by and by is not taken for
 * growth.
 */
export async function measureOrders(options: BenchOptions) {
  const { rounds, say, signal } = options;
  const [growing, empty] = [await open(options), await open(options)];
  const since = aDayAgo();
  const users = growing.shop.target.tokens.map(subjectOf);
  const stages: Stage[] = [];
  let orders = 0;
  for (const goal of STAGES) {
    if (goal > orders) {
      say(`growing to ${goal.toLocaleString('en-US')} orders …`);
      await grow(growing.postgres, { users, since, from: orders + 1, to: goal, signal });
      orders = goal;
    }
    const found: ShopRound[] = [];
    const beside: ShopRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: ${goal.toLocaleString('en-US')} orders, and beside it an empty shop …`);
      const keyPrefix = `at-${goal}-round-${round}-`;
      const turns = [
        async () => found.push(await buy(growing, keyPrefix, options)),
        async () => beside.push(await buy(empty, keyPrefix, options)),
      ];
      for (const turn of round % 2 === 1 ? turns : turns.toReversed()) await turn();
    }
    stages.push(await stageOf(goal, found, beside, growing.postgres));
  }
  say('auditing …');
  const audits = [
    await auditBooks(growing.postgres, growing.acknowledged, signal),
    await empty.shop.audit(empty.acknowledged),
  ];
  const broken = audits.map((audit, index) => brokenPromise(['the grown shop', 'the empty shop'][index] ?? '', audit));
  return {
    stages,
    audits: audits.map(auditFigures),
    broken: broken.filter((each) => each !== undefined).join('\n'),
  };
}

async function open(options: BenchOptions): Promise<Open> {
  const postgres = await startDatabase(options);
  return { ...(await openForBuyers(await openStampede(postgres, options), options)), postgres };
}

function buy(open: Open, keyPrefix: string, { seconds }: BenchOptions): Promise<ShopRound> {
  return measureRound(open, open.postgres, { kind: 'closed', run: { keyPrefix, buyers: BUYERS, seconds } });
}

async function stageOf(
  orders: number,
  found: readonly ShopRound[],
  beside: readonly ShopRound[],
  postgres: BenchPostgres,
): Promise<Stage> {
  const ratios = found.map(({ ordersPerSecond }, round) => ordersPerSecond / (beside[round]?.ordersPerSecond ?? 0));
  const [size] = await postgres.within('postgres', (database) =>
    database.query<{ mb: number }>('SELECT (sum(pg_database_size(oid)) / 1048576)::int AS mb FROM pg_database'),
  );
  return {
    orders,
    ...summarize(found),
    emptyOrdersPerSecond: summarize(beside).ordersPerSecond,
    ratioToEmpty: rounded(medianOf(ratios), 3),
    databasesMb: size?.mb ?? 0,
  };
}

/** Whose token it is. */
function subjectOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
  return claims.sub;
}
