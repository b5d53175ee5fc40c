import type { BenchOptions } from '../bench.ts';
import { brokenPromise, type Audit } from './audit.ts';
import { startDatabase, type BenchPostgres } from './database.ts';
import type { OpenShop } from './measure-round.ts';
import { openForBuyers } from './open-for-buyers.ts';
import { SKUS } from './shop.ts';
import { openStampede, type ShopSettings, type StampedeShop } from './stampede-shop.ts';

/** A shop that is started otherwise than another. */
export interface Variant {
  readonly name: string;
  readonly settings: (postgres: BenchPostgres) => ShopSettings;
}

/** A variant, open, with a Postgres of its own. */
export interface Scene {
  readonly open: OpenShop;
  readonly shop: StampedeShop;
  readonly postgres: BenchPostgres;
  /** Of this variant alone: what is deferred is undone before the next one opens. */
  readonly options: BenchOptions;
}

export interface Measured<Result> {
  /** By the variant's name, a round's result each. */
  readonly found: ReadonlyMap<string, readonly Result[]>;
  /** Of all of them together. */
  readonly audit: Omit<Audit, 'other'>;
  /** What promise was broken, by whom. */
  readonly broken?: string;
}

/**
 * Measures each variant once a round, there and back again, each time in a shop that was opened for it, on an empty Postgres of its own: none
 * meets what another has left. After each the books are audited.
 */
export async function measureVariants<Result>(
  variants: readonly Variant[],
  options: BenchOptions,
  measure: (scene: Scene, variant: Variant) => Promise<Result>,
): Promise<Measured<Result>> {
  const found = new Map<string, Result[]>(variants.map(({ name }) => [name, []]));
  const sum = { oversold: 0, doubleCharged: 0, lost: 0 };
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const variant of round % 2 === 1 ? variants : variants.toReversed()) {
      options.say(`round ${round} of ${options.rounds}: ${variant.name} …`);
      const { result, audit } = await inShop(variant, options, measure);
      sum.oversold += audit.oversold;
      sum.doubleCharged += audit.doubleCharged;
      sum.lost += audit.lost;
      const broken = brokenPromise(variant.name, audit);
      if (broken !== undefined) return { found, audit: sum, broken };
      found.get(variant.name)?.push(result);
    }
  }
  return { found, audit: sum };
}

async function inShop<Result>(
  variant: Variant,
  options: BenchOptions,
  measure: (scene: Scene, variant: Variant) => Promise<Result>,
): Promise<{ readonly result: Result; readonly audit: Audit }> {
  await using scope = new AsyncDisposableStack();
  const own = { ...options, scope };
  const postgres = await startDatabase(own);
  const shop = await openStampede(postgres, own, SKUS, variant.settings(postgres));
  const open = await openForBuyers(shop, own);
  const result = await measure({ open, shop, postgres, options: own }, variant);
  return { result, audit: await shop.audit(open.acknowledged) };
}
