import type { Product } from '../domain/product.ts';

export interface ProductRow {
  readonly sku: string;
  readonly title: string;
  readonly currency: string;
  readonly unit_price_minor: number;
  readonly available: number;
}

export const PRODUCT_COLUMNS = 'sku, title, currency, unit_price_minor, available';

export function toProduct(row: ProductRow): Product {
  return {
    sku: row.sku,
    title: row.title,
    unitPrice: { currency: row.currency, amountMinor: row.unit_price_minor },
    available: row.available,
  };
}
