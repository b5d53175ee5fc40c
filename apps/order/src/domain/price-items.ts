import { invalid } from '@stampede/errors';
import type { Money } from './money.ts';
import type { OrderLine } from './order.ts';
import type { Product } from './ports.ts';
import { orderError } from './reasons.ts';

export interface Priced {
  readonly lines: readonly OrderLine[];
  readonly total: Money;
}

/**
 * What the items cost by today's prices.
 *
 * @throws UNKNOWN_SKU, MIXED_CURRENCIES, or INVALID_ARGUMENT where the total is beyond what a number holds exactly (2^53 - 1).
 */
export function priceItems(
  items: readonly { readonly sku: string; readonly quantity: number }[],
  products: ReadonlyMap<string, Product>,
): Priced {
  const lines: OrderLine[] = [];
  let currency: string | undefined;
  let total = 0n;
  for (const { sku, quantity } of items) {
    const product = products.get(sku);
    if (product === undefined) throw orderError('NOT_FOUND', 'UNKNOWN_SKU', `no product has SKU ${sku}`, { sku });
    currency ??= product.unitPrice.currency;
    if (product.unitPrice.currency !== currency) {
      throw orderError(
        'FAILED_PRECONDITION',
        'MIXED_CURRENCIES',
        `prices in ${currency} and ${product.unitPrice.currency} cannot be one order`,
      );
    }
    total += BigInt(product.unitPrice.amountMinor) * BigInt(quantity);
    lines.push({ sku, title: product.title, quantity, unitPrice: product.unitPrice });
  }
  if (total > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid({ field: 'items', description: `cost more than ${Number.MAX_SAFE_INTEGER} minor units` });
  }
  return { lines, total: { currency: currency ?? '', amountMinor: Number(total) } };
}
