import { causeTroubles, endOfTroubles } from './cause-troubles.ts';
import { checkShop } from './check-shop.ts';
import type { Plan } from './plan.ts';
import { reachedBy } from './reached.ts';
import type { Sabotage } from './sabotage.ts';
import { sendShoppers } from './shoppers.ts';
import { createShop } from './shop/shop.ts';
import { watchDiscovery } from './watch-discovery.ts';

/** What came of a history. */
export interface Outcome {
  /** What is wrong; empty if all is well. */
  readonly wrong: readonly string[];
  /** What happened that is worth telling. */
  readonly reached: readonly string[];
}

export interface HistoryOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly sabotage?: Sabotage;
  /** Told of each message that arrives: when, from where, where to, and what it is. */
  readonly onMessage?: (line: string) => void;
}

/** Until everything has come to rest, from the end of the troubles on. */
const REST_MS = 45_000;
/** By then whatever was late has arrived. */
const LATEST_MS = 4_000;

/** Lets the shop live through the plan, until nothing goes wrong any more and everything has come to rest, and looks at what is left. */
export async function runHistory({ plan, seed, sabotage = {}, onMessage }: HistoryOptions): Promise<Outcome> {
  const shop = createShop({ plan, seed, sabotage, onMessage });
  const { clock, databases, notes } = shop.world;
  const discovery = watchDiscovery(shop, plan);
  const shoppers = sendShoppers(shop, plan);
  causeTroubles(shop, plan);

  const isQuiet = () => shoppers.busy === 0 && databases.orders.sagas.size === 0 && discovery.isExact();
  await clock.advance(endOfTroubles(plan));
  shop.world.calm();
  const end = clock.monotonic() + REST_MS;
  while (!isQuiet() && clock.monotonic() < end) await clock.advance(500);
  await clock.advance(LATEST_MS);
  while (!isQuiet() && clock.monotonic() < end) await clock.advance(500);

  const unrest = [
    ...(shoppers.busy > 0 ? [`${shoppers.busy} still wait for an answer`] : []),
    ...[...databases.orders.sagas.keys()].map((id) => `the saga of ${id} never ends`),
    ...discovery.differences(),
  ];
  const wrong = [...unrest, ...discovery.violations, ...checkShop(databases, plan.stock, shoppers.answers)];
  shop.end();
  return { wrong, reached: [...notes, ...reachedBy(databases)] };
}
