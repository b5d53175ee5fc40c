import type { Rig } from '../support/rig.ts';
import { logIn, newProduct, newShopper, type Shopper } from '../support/shopper.ts';
import type { Shelves } from './purchase.ts';

export interface OpenShop {
  readonly operator: Shopper;
  readonly customers: readonly Shopper[];
  readonly shelves: Shelves;
}

const CUSTOMERS = 6;
const PLENTY = 8;
const SCARCE = 4;
const SCARCE_UNITS = 25;

/** Products that run out and products that do not, and people who buy them. */
export async function openShop({ stack }: Pick<Rig, 'stack'>): Promise<OpenShop> {
  const operator = await logIn(stack, stack.operator);
  const products = (count: number, units: number) =>
    Promise.all(Array.from({ length: count }, () => newProduct(operator, units)));
  return {
    operator,
    customers: await Promise.all(Array.from({ length: CUSTOMERS }, () => newShopper(stack))),
    shelves: { plenty: await products(PLENTY, 1_000_000), scarce: await products(SCARCE, SCARCE_UNITS) },
  };
}
