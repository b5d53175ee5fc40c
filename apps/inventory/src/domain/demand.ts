import type { ReserveRequest } from './decide.ts';
import { sameMoney, type Money } from './money.ts';

/** What a batch of reservations wants of one SKU, if all of them are to be held. */
export interface Demand {
  readonly sku: string;
  units: number;
  readonly unitPrice: Money;
}

/** By SKU, in one order for every batch; undefined where two expect different prices of one SKU. */
export function demandOf(requests: readonly ReserveRequest[]): readonly Demand[] | undefined {
  const demands = new Map<string, Demand>();
  for (const { lines } of requests) {
    for (const { sku, quantity, expectedUnitPrice } of lines) {
      const demand = demands.get(sku);
      if (demand === undefined) demands.set(sku, { sku, units: quantity, unitPrice: expectedUnitPrice });
      else if (sameMoney(demand.unitPrice, expectedUnitPrice)) demand.units += quantity;
      else return undefined;
    }
  }
  return [...demands.values()].sort((a, b) => (a.sku < b.sku ? -1 : 1));
}
