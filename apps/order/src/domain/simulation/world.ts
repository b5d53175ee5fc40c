import { isDecided, type Order } from '../order.ts';
import type { CrashablePorts } from '../crash-points.ts';
import type { Change, Draft, Product, Seen, Time } from '../ports.ts';
import { Network, type Fates, type Process } from './network.ts';

/** Rules that a history may leave out, to see that it is noticed. */
export interface Broken {
  /** Changes are committed whatever the version is. */
  readonly noCompareAndSet?: boolean;
  /** A Release or Void of an order never seen leaves nothing behind. */
  readonly noTombstones?: boolean;
  /** The work for an order is over even though it is being undone meanwhile. */
  readonly finishAnyway?: boolean;
  /** Charging twice charges twice. */
  readonly chargeAgain?: boolean;
}

export interface WorldOptions {
  readonly time: Time;
  readonly random: () => number;
  readonly fates: Fates;
  /** SKU → units. */
  readonly stock: ReadonlyMap<string, number>;
  readonly leaseSeconds: number;
  readonly broken?: Broken;
}

interface SagaRow {
  readonly paymentToken: string;
  readonly expiresAt: number;
  leasedBy: string;
  leasedUntil: number;
  unwinding: boolean;
}

type StockState = 'HELD' | 'COMMITTED' | 'RELEASED' | 'REFUSED';
type MoneyState = 'CHARGED' | 'DECLINED' | 'VOIDED' | 'REFUNDED';

const UNIT_PRICE = { currency: 'EUR', amountMinor: 100 };

/** The database, inventory and payment as their contracts say, in memory, behind a network that keeps no promise. */
export class World {
  readonly orders = new Map<string, Order>();
  readonly sagas = new Map<string, SagaRow>();
  readonly told: { readonly orderId: string; readonly status: Order['status'] }[] = [];
  readonly stock: Map<string, number>;
  readonly reservations = new Map<string, { state: StockState; readonly order: Order | undefined }>();
  readonly payments = new Map<string, MoneyState>();
  readonly charges: string[] = [];
  readonly refunds: string[] = [];
  /** What must never happen, and did. */
  readonly violations: string[] = [];
  readonly #options: WorldOptions;
  readonly #network: Network;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#network = new Network(options);
    this.stock = new Map(options.stock);
  }

  /** Everything a process of the order service reaches out to. */
  portsOf(process: Process): CrashablePorts {
    const call = <T>(effect: () => T) => this.#network.call(process, effect);
    const lease = () => ({ leasedBy: process.name, leasedUntil: this.#now() + this.#options.leaseSeconds * 1_000 });
    return {
      orders: {
        place: (draft) => call(() => this.#place(draft, lease())),
        find: (id) => call(() => this.orders.get(id)),
        findByKey: (userId, key) => call(() => this.#byKey(userId, key)),
        change: (next) => call(() => this.#change(next, lease())),
        newer: (known) =>
          call(() =>
            known.flatMap(({ id, version }) => {
              const order = this.orders.get(id);
              return order !== undefined && order.version > version ? [order] : [];
            }),
          ),
      },
      sagas: {
        claim: (limit) =>
          call(() => {
            const due = [...this.sagas].filter(([, { leasedUntil }]) => leasedUntil < this.#now()).slice(0, limit);
            for (const [, row] of due) Object.assign(row, lease());
            return due.map(([id, row]) => this.#saga(id, row));
          }),
        look: (id) => call(() => this.#look(id, process.name)),
        renew: (ids) => call(() => this.#leaseUntil(ids, process.name, lease().leasedUntil)),
        handOver: (ids) => call(() => this.#leaseUntil(ids, process.name, this.#now() - 1)),
        finish: (id) =>
          call(() => {
            if (this.sagas.get(id)?.unwinding !== true || this.#options.broken?.finishAnyway === true)
              this.sagas.delete(id);
          }),
      },
      inventory: {
        reserve: (order) => call(() => this.#reserve(order)),
        commit: (id) =>
          call(() => {
            const held = this.reservations.get(id);
            if (held?.state === 'HELD') held.state = 'COMMITTED';
          }),
        release: (id) => call(() => this.#release(id)),
      },
      payments: {
        charge: (order, token) => call(() => this.#charge(order.id, token)),
        void: (id) => call(() => this.#giveMoneyBack(id)),
        refund: (id) => call(() => this.#giveMoneyBack(id)),
      },
    };
  }

  products(skus: readonly string[]): ReadonlyMap<string, Product> {
    return new Map(
      skus.filter((sku) => this.stock.has(sku)).map((sku) => [sku, { sku, title: sku, unitPrice: UNIT_PRICE }]),
    );
  }

  #now(): number {
    return this.#options.time.monotonic();
  }

  #byKey(userId: string, key: string): Order | undefined {
    return [...this.orders.values()].find((order) => order.userId === userId && order.idempotencyKey === key);
  }

  #place(draft: Draft, lease: Pick<SagaRow, 'leasedBy' | 'leasedUntil'>) {
    const taken = this.#byKey(draft.userId, draft.idempotencyKey);
    if (taken !== undefined) return { placed: false, order: taken };
    const { paymentToken, holdSeconds, ...facts } = draft;
    const at = new Date(this.#now());
    const order: Order = { ...facts, status: 'PENDING', version: 1, createdAt: at, updatedAt: at };
    this.orders.set(order.id, order);
    this.sagas.set(order.id, {
      paymentToken,
      expiresAt: this.#now() + holdSeconds * 1_000,
      unwinding: false,
      ...lease,
    });
    return { placed: true, order };
  }

  #change(next: Change, lease: Pick<SagaRow, 'leasedBy' | 'leasedUntil'>): Order | undefined {
    const { version } = this.orders.get(next.id) ?? { version: 0 };
    if (version !== next.version - 1 && this.#options.broken?.noCompareAndSet !== true) return undefined;
    this.orders.set(next.id, next);
    if (isDecided(next)) this.told.push({ orderId: next.id, status: next.status });
    if (next.status === 'UNWINDING' && next.paid) {
      this.sagas.set(next.id, { paymentToken: '', expiresAt: this.#now(), unwinding: true, ...lease });
    } else if ('refusal' in next && next.status !== 'UNWINDING') {
      this.sagas.delete(next.id);
    }
    return next;
  }

  #saga(id: string, { paymentToken, expiresAt }: SagaRow) {
    const order = this.orders.get(id);
    if (order === undefined) throw new TypeError(`a saga for ${id}, which no order is`);
    return { order, paymentToken, expired: expiresAt <= this.#now() };
  }

  #look(id: string, name: string): Seen {
    const row = this.sagas.get(id);
    const order = this.orders.get(id);
    if (order === undefined) throw new TypeError(`no order ${id}`);
    if (row === undefined) return { order, saga: undefined, taken: false };
    return { order, saga: this.#saga(id, row), taken: row.leasedBy !== name && row.leasedUntil > this.#now() };
  }

  #leaseUntil(ids: readonly string[], name: string, until: number): void {
    for (const id of ids) {
      const row = this.sagas.get(id);
      if (row?.leasedBy === name) row.leasedUntil = until;
    }
  }

  #reserve(order: Order) {
    const known = this.reservations.get(order.id);
    if (known === undefined) {
      const enough = order.lines.every(({ sku, quantity }) => (this.stock.get(sku) ?? 0) >= quantity);
      if (enough) this.#move(order, -1);
      this.reservations.set(order.id, { state: enough ? 'HELD' : 'REFUSED', order });
    }
    switch (this.reservations.get(order.id)?.state) {
      case 'RELEASED':
        return { verdict: 'gone' } as const;
      case 'REFUSED':
        return { verdict: 'refused', refusal: { reason: 'OUT_OF_STOCK', metadata: {} } } as const;
      default:
        return { verdict: 'held' } as const;
    }
  }

  #release(id: string): void {
    this.#mustBeUndone(id, 'released');
    const money = this.payments.get(id);
    if (money === undefined || money === 'CHARGED')
      this.violations.push(`${id}: released on a guess, the money is ${money ?? 'unknown'}`);
    const known = this.reservations.get(id);
    if (known === undefined) {
      if (this.#options.broken?.noTombstones !== true)
        this.reservations.set(id, { state: 'RELEASED', order: undefined });
      return;
    }
    if (known.order !== undefined && (known.state === 'HELD' || known.state === 'COMMITTED'))
      this.#move(known.order, 1);
    if (known.state !== 'REFUSED') known.state = 'RELEASED';
  }

  #move({ lines }: Order, sign: number): void {
    for (const { sku, quantity } of lines) this.stock.set(sku, (this.stock.get(sku) ?? 0) + sign * quantity);
  }

  #charge(id: string, token: string) {
    const known = this.payments.get(id);
    if (known === undefined || (known === 'CHARGED' && this.#options.broken?.chargeAgain === true)) {
      const declined = token === 'tok_declined';
      if (!declined) this.charges.push(id);
      this.payments.set(id, declined ? 'DECLINED' : 'CHARGED');
      if (this.reservations.get(id)?.state === undefined) this.violations.push(`${id}: charged without stock`);
    }
    switch (this.payments.get(id)) {
      case 'CHARGED':
        return { verdict: 'charged' } as const;
      case 'DECLINED':
        return { verdict: 'refused', refusal: { reason: 'PAYMENT_DECLINED', metadata: {} } } as const;
      default:
        return { verdict: 'gone' } as const;
    }
  }

  #giveMoneyBack(id: string): void {
    this.#mustBeUndone(id, 'given back');
    const known = this.payments.get(id);
    if (known === 'CHARGED') {
      this.refunds.push(id);
      this.payments.set(id, 'REFUNDED');
    } else if (known === undefined && this.#options.broken?.noTombstones !== true) {
      this.payments.set(id, 'VOIDED');
    }
  }

  #mustBeUndone(id: string, what: string): void {
    const status = this.orders.get(id)?.status;
    if (status === undefined || status === 'PENDING' || status === 'PAID' || status === 'SHIPPED') {
      this.violations.push(`${id}: ${what} while it is ${status ?? 'nothing'}`);
    }
  }
}
