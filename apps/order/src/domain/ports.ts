import type { Money } from './money.ts';
import type { Order, OrderLine, Paid, Pending, Shipped, Unwinding, Ended } from './order.ts';
import type { Refusal } from './reasons.ts';

/**
 * What the domain needs of the world. Every method may throw: then its outcome is **unknown**, and the saga asks again. A definite
 * answer is a value, refusals included.
 */

/** The stock; `remote/` implements it. Idempotent by order id. */
export interface Inventory {
  /** `released`: a tombstone was met, so the order is no longer what the asker thought. */
  reserve(order: Pending, signal?: AbortSignal): Promise<Held | Refused | Gone>;
  /** Turns the held units into sold ones; also resolves where they have been given back meanwhile. */
  commit(orderId: string, signal?: AbortSignal): Promise<void>;
  /** Gives back what is held or sold; resolves once nothing is, and never will be. */
  release(orderId: string, signal?: AbortSignal): Promise<void>;
}

export interface Held {
  readonly verdict: 'held';
}

export interface Refused {
  readonly verdict: 'refused';
  readonly refusal: Refusal;
}

/** The participant keeps a tombstone: somebody undid the order. */
export interface Gone {
  readonly verdict: 'gone';
}

/** The money; `remote/` implements it. Idempotent by order id. */
export interface Payments {
  charge(order: Pending, paymentToken: string, signal?: AbortSignal): Promise<Charged | Refused | Gone>;
  /** Resolves once it is certain that no charge stands, and none ever will. */
  void(orderId: string, signal?: AbortSignal): Promise<void>;
  /** Resolves once the charge has been given back. */
  refund(orderId: string, signal?: AbortSignal): Promise<void>;
}

export interface Charged {
  readonly verdict: 'charged';
}

export interface Product {
  readonly sku: string;
  readonly title: string;
  readonly unitPrice: Money;
}

/** Inventory's products as they are now; `remote/` implements it. */
export interface Shelves {
  /** By SKU; those that do not exist are left out. */
  read(skus: readonly string[]): Promise<ReadonlyMap<string, Product>>;
}

/** Products as they were a moment ago. */
export interface Catalog {
  /** By SKU; those that do not exist are left out. */
  find(skus: readonly string[]): Promise<ReadonlyMap<string, Product>>;
  /** A price turned out to be old. */
  forget(skus: readonly string[]): void;
}

/** A new order, before the database gave it its time. */
export interface Draft {
  readonly id: string;
  readonly userId: string;
  readonly idempotencyKey: string;
  readonly requestHash: string;
  readonly lines: readonly OrderLine[];
  readonly total: Money;
  readonly paymentToken: string;
  /** How long it may be PENDING, in seconds of database time. */
  readonly holdSeconds: number;
}

/** The orders; `store/` implements it. */
export interface Orders {
  /**
   * Commits the order and its saga, or answers the order that has the key already. Rejects with the signal's reason where that aborts before
   * the order was sent to the database: then it was not placed.
   */
  place(draft: Draft, signal?: AbortSignal): Promise<{ readonly placed: boolean; readonly order: Order }>;
  find(id: string): Promise<Order | undefined>;
  findByKey(userId: string, idempotencyKey: string): Promise<Order | undefined>;
  /**
   * Commits `next` if the order still has the version before it, in one transaction with the event of an outcome and with the saga's
   * row (kept for what is to be undone, gone with the end). Undefined: somebody else was faster.
   */
  change(next: Change): Promise<Order | undefined>;
  /** Those of `known` that have a higher version by now. */
  newer(known: readonly { readonly id: string; readonly version: number }[]): Promise<readonly Order[]>;
}

export type Change = Paid | Shipped | Unwinding | Ended;

/** Orders for those who only look; may be some moments behind. */
export interface OrderReader {
  find(id: string): Promise<Order | undefined>;
  /** Newest first; `userId` undefined: everybody's. */
  list(filter: {
    readonly userId: string | undefined;
    readonly before: string | undefined;
    readonly limit: number;
  }): Promise<readonly Order[]>;
  /** By id, oldest first. */
  records(after: string | undefined, limit: number): Promise<readonly OrderRecord[]>;
}

export interface OrderRecord {
  readonly order: Order;
  /** The outcomes that were told, in order. */
  readonly outcomes: readonly Order['status'][];
  /** Whether a saga still has something to do for it. */
  readonly unfinished: boolean;
}

/** What is left to do for an order, as it was last read. */
export interface Saga {
  readonly order: Order;
  readonly paymentToken: string;
  /** Whether its time was over, by the database's clock. */
  readonly expired: boolean;
}

/** The narrow table of what is left to do; leases are in database time, and only save double work. */
export interface Sagas {
  /** Takes up to `limit` sagas whose lease ran out. */
  claim(limit: number): Promise<readonly Saga[]>;
  look(orderId: string): Promise<Seen>;
  /** Keeps the leases that this instance has. */
  renew(orderIds: readonly string[]): Promise<void>;
  /** Ends the leases that this instance has, so that another may claim at once. */
  handOver(orderIds: readonly string[]): Promise<void>;
  /** Nothing is left to do for an order that was not undone meanwhile. */
  finish(orderId: string): Promise<void>;
}

/** An order looked at again. */
export interface Seen {
  readonly order: Order;
  /** Undefined: nothing is left to do for it. */
  readonly saga: Saga | undefined;
  /** Whether another instance holds the lease, and so sees to it. */
  readonly taken: boolean;
}

/** Time that passes; the lifecycle's clock fits. Points in time come from the database alone. */
export interface Time {
  /** Milliseconds since some fixed point. */
  monotonic(): number;
  schedule(ms: number, run: () => void): () => void;
  /** Rejects with the signal's reason once it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
