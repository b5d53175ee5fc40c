import type { Money } from './money.ts';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
  /** The price the order was made with. */
  readonly expectedUnitPrice: Money;
}

/** Why an order's units were refused, with what a client may act on. */
export type Refusal =
  | { readonly reason: 'UNKNOWN_SKU'; readonly sku: string }
  | { readonly reason: 'PRICE_CHANGED'; readonly sku: string; readonly unitPrice: Money }
  | { readonly reason: 'OUT_OF_STOCK'; readonly sku: string; readonly available: number };

/**
 * The one verdict on an order, kept for good. HELD → COMMITTED, HELD | COMMITTED → RELEASED; REFUSED and RELEASED are final. A RELEASED one
 * without lines is a tombstone: the release came, and no reservation ever did.
 */
export type Reservation = {
  /** UUID in lower case. */
  readonly orderId: string;
  /** As they were asked for. */
  readonly lines: readonly Line[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
} & ({ readonly state: 'HELD' | 'COMMITTED' | 'RELEASED' } | { readonly state: 'REFUSED'; readonly refusal: Refusal });

export type ReservationState = Reservation['state'];

/** The units of each SKU; lines of the same SKU add up. */
export function unitsOf(lines: readonly Line[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}
