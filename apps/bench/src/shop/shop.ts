import type { Target } from '../load/load-worker.ts';
import type { Watched } from '../measure/cpu-time.ts';
import type { Audit } from './audit.ts';

/** A shop that is open: ours, or a peer. Both stand on one Postgres and take the same requests. */
export interface Shop {
  readonly name: string;
  /** Where to buy, as whom, and what: 10,000 customers and 1,000 products, none of which runs out. */
  readonly target: Target;
  /** Its processes, Postgres apart. */
  readonly processes: readonly Watched[];
  /** Looks at its books once it is quiet. `acknowledged`: idempotency keys of orders that were answered 201. */
  audit(acknowledged: ReadonlySet<string>): Promise<Audit>;
}

export const CUSTOMERS = 10_000;
export const SKUS: readonly string[] = Array.from({ length: 1_000 }, (_, index) => `bench-${index}`);
export const UNITS = 100_000_000;
export const PRICE = { currency: 'EUR', amountMinor: 1_999 };
