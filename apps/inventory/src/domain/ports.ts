import type { Answer, Request, ReserveRequest } from './decide.ts';
import type { Product } from './product.ts';
import type { Reservation } from './reservation.ts';

/** Where products and the ledger of what came in are kept. */
export interface Products {
  /** At most `limit`, by SKU, after `after`. */
  list(after: string, limit: number): Promise<readonly Product[]>;
  /** Those of `skus` that exist, by SKU. */
  find(skus: readonly string[]): Promise<readonly Product[]>;
  /** Throws PRODUCT_EXISTS. */
  create(product: Product): Promise<Product>;
  /** Adds units, once a request id. Throws UNKNOWN_SKU, RESTOCK_MISMATCH, STOCK_LIMIT_EXCEEDED. */
  restock(delivery: Delivery): Promise<Product>;
}

export interface Delivery {
  readonly sku: string;
  readonly quantity: number;
  readonly requestId: string;
}

/** Where verdicts are kept: three ways to make them, each one transaction. Where one rejects, the outcome is unknown. */
export interface Verdicts {
  /**
   * The usual case, in one statement: all of these, at most one an order, are held. Undefined where nothing was done, since one of them is
   * out of the ordinary (asked before, too few units, another price) or a row could not be had.
   */
  holdAll(requests: readonly ReserveRequest[]): Promise<readonly Answer[] | undefined>;
  /** Decides one after the other, whatever they are. */
  decide(requests: readonly Request[]): Promise<readonly Answer[]>;
  /** Turns into sold ones the units of those orders that are HELD, and answers those. */
  commitHeld(orderIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Verdicts as they are asked for, one by one. */
export interface Reservations {
  /** The answer to one request. Where it rejects, the outcome is unknown: the same request asked again gets the verdict there is. */
  decide(request: Request, signal?: AbortSignal): Promise<Answer>;
  /** Turns into sold ones the units of those orders that are HELD, and answers those. Where it rejects, as `decide`. */
  commitHeld(orderIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** A SKU's units by where they are: initial + restocked = available + held + sold. */
export interface Balance {
  readonly sku: string;
  readonly initial: number;
  readonly restocked: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** What an audit reads. */
export interface Books {
  /** All SKUs at one moment. */
  balances(): Promise<readonly Balance[]>;
  /** At most `limit` verdicts by order id, after `after` (none before the first). */
  reservations(after: string | undefined, limit: number): Promise<readonly Reservation[]>;
}
