import { check, integerRule, priceRules, skuRule, titleRule } from './check.ts';
import { MAX_DELIVERY } from './limits.ts';
import type { Money } from './money.ts';
import type { Products } from './ports.ts';
import type { Product } from './product.ts';

export interface NewProduct extends Omit<Product, 'unitPrice'> {
  readonly unitPrice: Money | undefined;
}

/** Throws INVALID_ARGUMENT, PRODUCT_EXISTS. */
export async function createProduct(products: Pick<Products, 'create'>, product: NewProduct): Promise<Product> {
  const { sku, title, unitPrice, available } = product;
  check({
    sku: skuRule(sku),
    title: titleRule(title),
    ...priceRules('unit_price', unitPrice),
    available: integerRule(available, 0, MAX_DELIVERY),
  });
  return products.create({ sku, title, available, unitPrice: unitPrice as Money });
}
