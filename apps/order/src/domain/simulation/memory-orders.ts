import { isDecided, type Order, type Status } from '../order.ts';
import type { Change, Draft, OrderReader, Orders, Saga, Sagas, Seen } from '../ports.ts';

/** Rules that the store may leave out, to see that it is noticed. */
export interface BrokenOrders {
  /** Changes are committed whatever the version is. */
  readonly noCompareAndSet?: boolean;
  /** A user's key may be used for any number of orders. */
  readonly noUniqueKey?: boolean;
  /** The work for an order is over even though it is being undone meanwhile. */
  readonly finishAnyway?: boolean;
  /** Events of outcomes are not written with the change, but by whoever calls `tell`. */
  readonly tellApart?: (outcome: Order, tell: () => void) => void;
}

export interface MemoryOrdersOptions {
  /** The database's time in milliseconds. */
  readonly now: () => number;
  readonly leaseSeconds: number;
  readonly broken?: BrokenOrders | undefined;
}

export interface SagaRow {
  readonly paymentToken: string;
  readonly expiresAt: number;
  leasedBy: string;
  leasedUntil: number;
  unwinding: boolean;
}

/** What is told of an outcome. */
export interface Told {
  readonly orderId: string;
  readonly status: Status;
}

/** The order service's database in memory: each call is one statement, and takes effect at one moment, whole. */
export interface MemoryOrders {
  readonly orders: ReadonlyMap<string, Order>;
  readonly sagas: ReadonlyMap<string, SagaRow>;
  readonly outbox: readonly Told[];
  /** Every status that was committed, by order, in order. */
  readonly histories: ReadonlyMap<string, readonly Status[]>;
  /** As the process `owner` sees it. */
  connect(owner: string): { readonly orders: Orders; readonly sagas: Sagas; readonly reader: OrderReader };
}

/** The rules of `store/`, without a database. */
export function createMemoryOrders({ now, leaseSeconds, broken = {} }: MemoryOrdersOptions): MemoryOrders {
  const rows = new Map<string, Order>();
  const sagaRows = new Map<string, SagaRow>();
  const outbox: Told[] = [];
  const histories = new Map<string, Status[]>();

  function write(order: Order): void {
    rows.set(order.id, order);
    const history = histories.get(order.id) ?? [];
    history.push(order.status);
    histories.set(order.id, history);
  }

  function byKey(userId: string, key: string): Order | undefined {
    for (const order of rows.values()) if (order.userId === userId && order.idempotencyKey === key) return order;
    return undefined;
  }

  function sagaOf(id: string, { paymentToken, expiresAt }: SagaRow): Saga {
    return { order: existing(id), paymentToken, expired: expiresAt <= now() };
  }

  function existing(id: string): Order {
    const order = rows.get(id);
    if (order === undefined) throw new TypeError(`no order ${id}`);
    return order;
  }

  function connect(owner: string) {
    const lease = () => ({ leasedBy: owner, leasedUntil: now() + leaseSeconds * 1_000 });

    function place({ paymentToken, holdSeconds, ...facts }: Draft) {
      const taken = byKey(facts.userId, facts.idempotencyKey);
      if (taken !== undefined && broken.noUniqueKey !== true) return { placed: false, order: taken };
      const at = new Date(now());
      const order: Order = { ...facts, status: 'PENDING', version: 1, createdAt: at, updatedAt: at };
      write(order);
      sagaRows.set(order.id, {
        paymentToken,
        expiresAt: now() + holdSeconds * 1_000,
        unwinding: false,
        ...lease(),
      });
      return { placed: true, order };
    }

    function change(next: Change): Order | undefined {
      const { version } = existing(next.id);
      if (version !== next.version - 1 && broken.noCompareAndSet !== true) return undefined;
      write(next);
      if (isDecided(next)) {
        const tell = () => void outbox.push({ orderId: next.id, status: next.status });
        if (broken.tellApart === undefined) tell();
        else broken.tellApart(next, tell);
      }
      if (next.status === 'UNWINDING' && next.paid) {
        const { paymentToken, expiresAt } = sagaRows.get(next.id) ?? { paymentToken: '', expiresAt: now() };
        sagaRows.set(next.id, { paymentToken, expiresAt, unwinding: true, ...lease() });
      } else if ('refusal' in next && next.status !== 'UNWINDING') {
        sagaRows.delete(next.id);
      }
      return next;
    }

    function look(id: string): Seen {
      const order = existing(id);
      const row = sagaRows.get(id);
      if (row === undefined) return { order, saga: undefined, taken: false };
      return { order, saga: sagaOf(id, row), taken: row.leasedBy !== owner && row.leasedUntil > now() };
    }

    function claim(limit: number): readonly Saga[] {
      const due = [...sagaRows].filter(([, { leasedUntil }]) => leasedUntil < now()).slice(0, limit);
      for (const [, row] of due) Object.assign(row, lease());
      return due.map(([id, row]) => sagaOf(id, row));
    }

    function leaseUntil(ids: readonly string[], until: number): void {
      for (const id of ids) {
        const row = sagaRows.get(id);
        if (row?.leasedBy === owner) row.leasedUntil = until;
      }
    }

    function finish(id: string): void {
      if (sagaRows.get(id)?.unwinding !== true || broken.finishAnyway === true) sagaRows.delete(id);
    }

    const newer: Orders['newer'] = (known) =>
      served(() =>
        known.flatMap(({ id, version }) => {
          const order = rows.get(id);
          return order !== undefined && order.version > version ? [order] : [];
        }),
      );
    const list: OrderReader['list'] = ({ userId, before, limit }) =>
      served(() =>
        [...rows.values()]
          .filter((order) => userId === undefined || order.userId === userId)
          .filter(({ id }) => before === undefined || id < before)
          .toSorted((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, limit),
      );
    const records: OrderReader['records'] = (after = '', limit) =>
      served(() =>
        [...rows.values()]
          .filter(({ id }) => id > after)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit)
          .map((order) => ({
            order,
            outcomes: outbox.filter(({ orderId }) => orderId === order.id).map(({ status }) => status),
            unfinished: sagaRows.has(order.id),
          })),
      );
    const find = (id: string) => served(() => rows.get(id));

    return {
      orders: {
        place: (draft: Draft) => served(() => place(draft)),
        change: (next: Change) => served(() => change(next)),
        findByKey: (userId: string, key: string) => served(() => byKey(userId, key)),
        find,
        newer,
      },
      sagas: {
        claim: (limit: number) => served(() => claim(limit)),
        look: (id: string) => served(() => look(id)),
        renew: (ids: readonly string[]) => served(() => leaseUntil(ids, lease().leasedUntil)),
        handOver: (ids: readonly string[]) => served(() => leaseUntil(ids, now() - 1)),
        finish: (id: string) => served(() => finish(id)),
      },
      reader: { find, list, records },
    };
  }

  return { orders: rows, sagas: sagaRows, outbox, histories, connect };
}

/** A failure is the answer's, as with a database. */
function served<T>(statement: () => T): Promise<T> {
  return new Promise((resolve) => resolve(statement()));
}
