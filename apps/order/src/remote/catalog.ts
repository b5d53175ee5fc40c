import type { Catalog, Product, Shelves } from '../domain/ports.ts';

export interface CatalogOptions {
  readonly shelves: Shelves;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly settings: () => { readonly ttlMs: number; readonly maxProducts: number };
}

interface Entry {
  readonly product: Product;
  readonly readAt: number;
  /** Whether anybody has wanted it since. */
  used: boolean;
}

/** As many as one question may name. */
const MAX_ASKED = 200;
/** From this part of its life on an entry is read again when others are. */
const AGEING = 0.75;
/** Entries looked at, at most, to find such ones. */
const MAX_LOOKED_AT = 1_000;

/**
 * Products as inventory told them a moment ago. Many who miss the same product at once ask once, and what is in use and about to be too old is read along, so
 * that a busy shop asks for many products now and then, not for one again and again. What does not exist is not remembered: it may
 * be made any moment. A price that has changed meanwhile is found by ReserveStock, which is told the expected one.
 */
export function createCatalog({ shelves, monotonic, settings }: CatalogOptions): Catalog {
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, Promise<ReadonlyMap<string, Product>>>();

  function remembered(sku: string): Product | undefined {
    const entry = entries.get(sku);
    if (entry === undefined || monotonic() - entry.readAt >= settings().ttlMs) return undefined;
    entry.used = true;
    return entry.product;
  }

  /** The oldest come first in `entries`; those that are too old and that nobody wanted are dropped on the way. */
  function ageing(room: number): string[] {
    const { ttlMs } = settings();
    const now = monotonic();
    const found: string[] = [];
    let looked = 0;
    for (const [sku, { readAt, used }] of entries) {
      looked += 1;
      if (found.length >= room || looked > MAX_LOOKED_AT || now - readAt < ttlMs * AGEING) break;
      if (used && !underWay.has(sku)) found.push(sku);
      else if (!used && now - readAt >= ttlMs) entries.delete(sku);
    }
    return found;
  }

  function ask(skus: readonly string[]): Promise<ReadonlyMap<string, Product>> {
    const readAt = monotonic();
    const all = [...new Set([...skus, ...ageing(MAX_ASKED - skus.length)])];
    const answer = shelves.read(all);
    const settle = (found?: ReadonlyMap<string, Product>) => {
      for (const sku of all) {
        if (underWay.get(sku) !== answer) continue; // forgotten meanwhile
        underWay.delete(sku);
        const product = found?.get(sku);
        if (product !== undefined) remember(product, readAt);
      }
    };
    answer.then(settle, () => settle());
    for (const sku of all) underWay.set(sku, answer);
    return answer;
  }

  function remember(product: Product, readAt: number): void {
    entries.delete(product.sku); // to the end: the oldest goes first
    entries.set(product.sku, { product, readAt, used: false });
    for (const sku of entries.keys()) {
      if (entries.size <= settings().maxProducts) break;
      entries.delete(sku);
    }
  }

  return {
    async find(skus) {
      const found = new Map<string, Product>();
      const missing: string[] = [];
      const asked = new Set<Promise<ReadonlyMap<string, Product>>>();
      for (const sku of skus) {
        const product = remembered(sku);
        const question = underWay.get(sku);
        if (product !== undefined) found.set(sku, product);
        else if (question !== undefined) asked.add(question);
        else missing.push(sku);
      }
      if (missing.length > 0) asked.add(ask(missing));
      if (asked.size === 0) return found;
      for (const answer of await Promise.all(asked)) {
        for (const [sku, product] of answer) if (skus.includes(sku)) found.set(sku, product);
      }
      return found;
    },
    forget(skus) {
      for (const sku of skus) {
        entries.delete(sku);
        underWay.delete(sku); // what is being read may be old already
      }
    },
  };
}
