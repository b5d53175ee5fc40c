import { AppError } from '@stampede/errors';
import { decide, type Answer, type Decision, type Locked, type Request, type ReserveRequest } from '../decide.ts';
import { demandOf } from '../demand.ts';
import { productExists, unknownSku } from '../inventory-error.ts';
import { sameMoney } from '../money.ts';
import type { Products, Verdicts } from '../ports.ts';
import type { Product } from '../product.ts';
import type { Reservation } from '../reservation.ts';
import { createMemoryLocks } from './memory-locks.ts';

/** Rules that the store may leave out, to see that it is noticed. */
export interface BrokenInventory {
  /** Batches do not wait for each other over a SKU. */
  readonly noSkuLocks?: boolean;
  /** Batches do not wait for each other over an order. */
  readonly noVerdictLocks?: boolean;
  /** A release of an order never seen leaves nothing behind. */
  readonly noTombstones?: boolean;
  /** A refusal is answered, and not kept. */
  readonly noRefusals?: boolean;
  /** Nobody looks at how many units there are where all are held at once. */
  readonly noUnits?: boolean;
  /** What was decided before is not looked at when an order is reserved. */
  readonly noVerdicts?: boolean;
}

export interface MemoryInventoryOptions {
  readonly products: readonly Product[];
  /** The database's time in milliseconds, and its timers. */
  readonly now: () => number;
  readonly schedule: (ms: number, run: () => void) => () => void;
  /** Told of each verdict as it is committed. */
  readonly onVerdict?: (verdict: Reservation) => void;
  readonly broken?: BrokenInventory | undefined;
}

/** Carries a statement to the database and its answer back, or rejects where either is lost. */
export type Ask = <T>(statement: () => T | Promise<T>) => Promise<T>;

/** Inventory's database in memory, with the transactions of `store/`. */
export interface MemoryInventory {
  readonly products: ReadonlyMap<string, Product>;
  readonly verdicts: ReadonlyMap<string, Reservation>;
  /** Deliveries by request id. */
  readonly deliveries: ReadonlyMap<string, { readonly sku: string; readonly quantity: number }>;
  connect(ask: Ask): {
    readonly products: Products;
    /** What does not reach its commit leaves nothing. */
    readonly verdicts: Verdicts;
  };
  /** Changes a verdict as a statement of its own would, outside of all rules. For mutants. */
  force(requests: readonly Request[]): void;
}

/** As the real connections are set: DESIGN.md §8. */
const LOCK_TIMEOUT_MS = 200;
const LOCK_TIMEOUT = 'LOCK_TIMEOUT';
const IDLE_IN_TRANSACTION_MS = 300;

export function createMemoryInventory(options: MemoryInventoryOptions): MemoryInventory {
  const { now, schedule, onVerdict, broken = {} } = options;
  const products = new Map(options.products.map((product) => [product.sku, product]));
  const verdicts = new Map<string, Reservation>();
  const deliveries = new Map<string, { readonly sku: string; readonly quantity: number }>();
  const locks = createMemoryLocks({
    schedule,
    timeoutMs: LOCK_TIMEOUT_MS,
    timedOut: () => new AppError('UNAVAILABLE', LOCK_TIMEOUT, 'another transaction takes too long'),
  });
  /** Transactions that have read and not committed; the function ends their time limit. */
  const open = new Map<object, () => void>();

  async function lock(transaction: object, requests: readonly Request[]): Promise<Locked> {
    try {
      const ids = [...new Set(requests.map(({ orderId }) => orderId))].toSorted();
      if (broken.noVerdictLocks !== true)
        await locks.acquire(
          transaction,
          ids.filter((id) => verdicts.has(id)).map((id) => `verdict ${id}`),
        );
      const read = new Map(ids.flatMap((id) => [...pair(id, verdicts.get(id))]));
      if (broken.noVerdicts === true) {
        for (const { kind, orderId } of requests) if (kind === 'reserve') read.delete(orderId);
      }
      const skus = [...new Set(requests.flatMap((request) => skusOf(request, read)))].toSorted();
      if (broken.noSkuLocks !== true)
        await locks.acquire(
          transaction,
          skus.map((sku) => `sku ${sku}`),
        );
      const rows = new Map(skus.flatMap((sku) => [...pair(sku, products.get(sku))]));
      open.set(
        transaction,
        schedule(IDLE_IN_TRANSACTION_MS, () => end(transaction)),
      );
      return { verdicts: read, products: rows, now: new Date(now()) };
    } catch (error) {
      end(transaction);
      throw error;
    }
  }

  function end(transaction: object): void {
    open.get(transaction)?.();
    open.delete(transaction);
    locks.release(transaction);
  }

  /** False where somebody else wrote one of its verdicts first: the key of the table says so. */
  function commit(transaction: object, decision: Decision, { verdicts: read }: Locked): boolean {
    if (!open.has(transaction)) throw new AppError('UNAVAILABLE', 'TRANSACTION_ENDED', 'it was idle for too long');
    const taken = [...decision.changed.keys()].some((orderId) => !read.has(orderId) && isTaken(orderId));
    if (!taken) write(decision);
    end(transaction);
    return !taken;
  }

  function isTaken(orderId: string): boolean {
    return broken.noVerdicts !== true && verdicts.has(orderId);
  }

  /** One statement, which waits for the SKUs that others hold. */
  async function holdAll(requests: readonly ReserveRequest[]): Promise<readonly Answer[] | undefined> {
    const demands = demandOf(requests);
    if (demands === undefined) return undefined;
    const statement = {};
    try {
      if (broken.noSkuLocks !== true)
        await locks.acquire(
          statement,
          demands.map(({ sku }) => `sku ${sku}`),
        );
      const fit = demands.every(({ sku, units, unitPrice }) => {
        const product = products.get(sku);
        const enough = broken.noUnits === true || (product?.available ?? 0) >= units;
        return product !== undefined && enough && sameMoney(product.unitPrice, unitPrice);
      });
      if (!fit || requests.some(({ orderId }) => isTaken(orderId))) return undefined;
      const at = new Date(now());
      const held = requests.map(({ orderId, lines }) => {
        return { orderId, lines, state: 'HELD', createdAt: at, updatedAt: at } as const satisfies Reservation;
      });
      write({
        answers: [],
        changed: new Map(held.map((verdict) => [verdict.orderId, verdict])),
        deltas: new Map(demands.map(({ sku, units }) => [sku, -units])),
      });
      return held.map((reservation) => ({ ok: true, reservation }));
    } catch (error) {
      if (error instanceof AppError && error.reason === LOCK_TIMEOUT) return undefined;
      throw error;
    } finally {
      end(statement);
    }
  }

  function write({ changed, deltas }: Decision): void {
    for (const [sku, units] of deltas) move(sku, units);
    for (const [orderId, verdict] of changed) {
      const { state, lines } = verdict;
      if (broken.noTombstones === true && state === 'RELEASED' && lines.length === 0) continue;
      if (broken.noRefusals === true && state === 'REFUSED') continue;
      verdicts.set(orderId, verdict);
      onVerdict?.(verdict);
    }
  }

  /** A statement of its own, which takes no lock but those of the rows it changes. */
  function commitHeld(orderIds: readonly string[]): ReadonlySet<string> {
    const held = orderIds.flatMap((orderId) => verdicts.get(orderId) ?? []).filter(({ state }) => state === 'HELD');
    const changed = held.map((verdict): Reservation => ({
      ...verdict,
      state: 'COMMITTED',
      updatedAt: new Date(now()),
    }));
    write({ answers: [], changed: new Map(changed.map((verdict) => [verdict.orderId, verdict])), deltas: new Map() });
    return new Set(changed.map(({ orderId }) => orderId));
  }

  function move(sku: string, units: number): Product {
    const product = products.get(sku);
    if (product === undefined) throw unknownSku(sku);
    const moved = { ...product, available: product.available + units };
    products.set(sku, moved);
    return moved;
  }

  function productsOver(ask: Ask): Products {
    return {
      list: (after, limit) =>
        ask(() =>
          [...products.values()]
            .filter(({ sku }) => sku > after)
            .toSorted((a, b) => (a.sku < b.sku ? -1 : 1))
            .slice(0, limit),
        ),
      find: (skus) => ask(() => [...products.values()].filter(({ sku }) => skus.includes(sku))),
      create: (product) =>
        ask(() => {
          if (products.has(product.sku)) throw productExists(product.sku);
          products.set(product.sku, product);
          return product;
        }),
      restock: ({ sku, quantity, requestId }) =>
        ask(async () => {
          const transaction = {};
          try {
            await locks.acquire(transaction, [`sku ${sku}`]);
            const known = deliveries.has(requestId);
            deliveries.set(requestId, { sku, quantity });
            return move(sku, known ? 0 : quantity);
          } finally {
            end(transaction);
          }
        }),
    };
  }

  return {
    products,
    verdicts,
    deliveries,
    connect: (ask) => ({
      products: productsOver(ask),
      verdicts: {
        holdAll: (requests) => ask(() => holdAll(requests)),
        async decide(requests) {
          for (;;) {
            const transaction = {};
            const locked = await ask(() => lock(transaction, requests));
            const decision = decide(locked, requests);
            if (await ask(() => commit(transaction, decision, locked))) return decision.answers;
          }
        },
        commitHeld: (orderIds) => ask(() => commitHeld(orderIds)),
      },
    }),
    force: (requests) => write(decide({ verdicts, products, now: new Date(now()) }, requests)),
  };
}

/** The SKUs that reservations name, and those that releases may return units to. */
function skusOf(request: Request, verdicts: ReadonlyMap<string, Reservation>): readonly string[] {
  if (request.kind === 'reserve') return request.lines.map(({ sku }) => sku);
  if (request.kind === 'commit') return [];
  const verdict = verdicts.get(request.orderId);
  return verdict?.state === 'HELD' || verdict?.state === 'COMMITTED' ? verdict.lines.map(({ sku }) => sku) : [];
}

function* pair<K, V>(key: K, value: V | undefined): Generator<readonly [K, V]> {
  if (value !== undefined) yield [key, value];
}
