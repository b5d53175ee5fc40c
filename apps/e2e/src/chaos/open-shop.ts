import { eventually } from '@stampede/testing';
import type { Rig } from '../support/rig.ts';
import { logIn, newProduct, newShopper, type Shopper } from '../support/shopper.ts';
import type { Shelves } from './purchase.ts';

export interface OpenShop {
  readonly operator: Shopper;
  readonly customers: readonly Shopper[];
  readonly shelves: Shelves;
}

const OPENING_MS = 60_000;
const CUSTOMERS = 6;
const PLENTY = 8;
const SCARCE = 4;
const SCARCE_UNITS = 25;

/** Products that run out and products that do not, and people who buy them. */
export async function openShop({ stack }: Pick<Rig, 'stack'>): Promise<OpenShop> {
  const operator = await patiently(() => logIn(stack, stack.operator));
  const products = (count: number, units: number) =>
    Promise.all(Array.from({ length: count }, () => patiently(() => newProduct(operator, units))));
  return {
    operator,
    customers: await Promise.all(Array.from({ length: CUSTOMERS }, () => patiently(() => newShopper(stack)))),
    shelves: { plenty: await products(PLENTY, 1_000_000), scarce: await products(SCARCE, SCARCE_UNITS) },
  };
}

/** On a machine that is busy with other things even a quiet shop may say that it is. */
function patiently<T>(ask: () => Promise<T>): Promise<T> {
  return eventually(ask, { timeoutMs: OPENING_MS, intervalMs: 250 });
}
