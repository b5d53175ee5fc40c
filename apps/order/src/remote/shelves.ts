import type { InventoryServiceDefinition } from '@stampede/contracts';
import type { Client } from '@stampede/rpc';
import type { Shelves } from '../domain/ports.ts';

export interface ShelvesOptions {
  readonly client: Pick<Client<InventoryServiceDefinition>, 'batchGetProducts'>;
  /** How long one question may take. */
  readonly deadlineMs: () => number;
}

/** The inventory service's products behind the domain's port. */
export function createShelves({ client, deadlineMs }: ShelvesOptions): Shelves {
  return {
    async read(skus) {
      const { products } = await client.batchGetProducts({ skus }, { deadlineMs: deadlineMs() });
      return new Map(
        products.flatMap(({ sku, title, unitPrice }) =>
          unitPrice === undefined ? [] : [[sku, { sku, title, unitPrice }] as const],
        ),
      );
    },
  };
}
