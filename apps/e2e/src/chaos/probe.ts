import { createPersist } from '../support/persist.ts';
import type { Rig } from '../support/rig.ts';
import type { OpenShop } from './open-shop.ts';

/** Orders at each gateway that must succeed when all is over, and how long each may take. */
const PROBES = 10;
const PROBE_MS = 15_000;

/** When all is over, each gateway serves, by itself and soon. */
export async function probe(
  { gateways }: Pick<Rig, 'gateways'>,
  { customers, shelves }: Pick<OpenShop, 'customers' | 'shelves'>,
): Promise<string[]> {
  const failed: string[] = [];
  for (const gateway of gateways) {
    const persist = createPersist({
      gateways: () => [gateway],
      timeoutMs: PROBE_MS,
      patienceMs: PROBE_MS,
      onFailure: () => undefined,
    });
    for (let count = 1; count <= PROBES; count++) {
      const { status, body } = await persist({
        method: 'POST',
        path: '/v1/orders',
        token: customers[0]?.token ?? '',
        headers: { 'idempotency-key': `${gateway} ${count}` },
        body: { items: [{ sku: shelves.plenty[0], quantity: 1 }], paymentToken: 'tok_visa' },
      });
      if (status !== 201) failed.push(`${gateway} answered ${status} ${JSON.stringify(body)}`);
    }
  }
  return failed;
}
