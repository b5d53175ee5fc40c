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
}

/**
 * Products as inventory told them a moment ago. Many who miss the same product at once ask once. What does not exist is not remembered: it may
 * be made any moment. A price that has changed meanwhile is found by ReserveStock, which is told the expected one.
 */
export function createCatalog({ shelves, monotonic, settings }: CatalogOptions): Catalog {
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, Promise<ReadonlyMap<string, Product>>>();

  function remembered(sku: string): Product | undefined {
    const entry = entries.get(sku);
    return entry !== undefined && monotonic() - entry.readAt < settings().ttlMs ? entry.product : undefined;
  }

  function ask(skus: readonly string[]): Promise<ReadonlyMap<string, Product>> {
    const readAt = monotonic();
    const answer = shelves.read(skus);
    const settle = (found?: ReadonlyMap<string, Product>) => {
      for (const sku of skus) {
        if (underWay.get(sku) !== answer) continue; // forgotten meanwhile
        underWay.delete(sku);
        const product = found?.get(sku);
        if (product !== undefined) remember(product, readAt);
      }
    };
    answer.then(settle, () => settle());
    for (const sku of skus) underWay.set(sku, answer);
    return answer;
  }

  function remember(product: Product, readAt: number): void {
    entries.delete(product.sku); // to the end: the oldest goes first
    entries.set(product.sku, { product, readAt });
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
