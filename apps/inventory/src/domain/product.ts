import type { Money } from './money.ts';

export interface Product {
  readonly sku: string;
  readonly title: string;
  readonly unitPrice: Money;
  /** Units that can be bought now. */
  readonly available: number;
}
