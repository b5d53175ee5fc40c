import { check, checkEach, integerRule, skuRule } from './check.ts';
import { unknownSku } from './inventory-error.ts';
import { MAX_BATCH } from './limits.ts';
import type { Products } from './ports.ts';
import type { Product } from './product.ts';

export async function getProduct(products: Pick<Products, 'find'>, sku: string): Promise<Product> {
  check({ sku: skuRule(sku) });
  const [product] = await products.find([sku]);
  if (product === undefined) throw unknownSku(sku);
  return product;
}

/** Those that exist, by SKU. */
export async function findProducts(
  products: Pick<Products, 'find'>,
  skus: readonly string[],
): Promise<readonly Product[]> {
  check({ skus: integerRule(skus.length, 1, MAX_BATCH) && `must name 1 to ${MAX_BATCH}` });
  checkEach('skus', skus, (sku) => ({ '': skuRule(sku) }));
  return products.find(skus);
}
