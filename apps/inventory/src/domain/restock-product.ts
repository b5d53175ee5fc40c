import { check, integerRule, requestIdRule, skuRule } from './check.ts';
import { MAX_DELIVERY } from './limits.ts';
import type { Delivery, Products } from './ports.ts';
import type { Product } from './product.ts';

/** Adds units, once a request id; without one (empty) each call counts. Throws INVALID_ARGUMENT, UNKNOWN_SKU, RESTOCK_MISMATCH, STOCK_LIMIT_EXCEEDED. */
export async function restockProduct(
  products: Pick<Products, 'restock'>,
  { sku, quantity, requestId }: Delivery,
  newId: () => string,
): Promise<Product> {
  check({
    sku: skuRule(sku),
    quantity: integerRule(quantity, 1, MAX_DELIVERY),
    request_id: requestIdRule(requestId),
  });
  return products.restock({ sku, quantity, requestId: requestId === '' ? newId() : requestId });
}
