import {
  InventoryServiceDefinition,
  Payment_State,
  PaymentServiceDefinition,
  Reservation_State,
  type Payment,
  type Reservation,
} from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { createServer, type Handlers, type RpcServer } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';

/** What happens to the next call of a method, instead of or around its work. */
export type Fault = (work: () => Promise<unknown>) => Promise<unknown>;

/**
 * Inventory and payment as their contracts say, in memory, behind real servers: one verdict an order, tombstones. `faults` holds by method
 * what is to go wrong with the next calls, in order.
 */
export class FakeParticipants {
  readonly stock = new Map<string, { available: number; amountMinor: number; currency: string }>();
  readonly reservations = new Map<string, Reservation>();
  readonly payments = new Map<string, Payment>();
  /** Charges and refunds that a provider would have made. */
  readonly charges: string[] = [];
  readonly refunds: string[] = [];
  /** Every call, as `method orderId`, in order. */
  readonly calls: string[] = [];
  readonly faults = new Map<string, Fault[]>();
  readonly #servers: RpcServer[] = [];

  /** Serves both on free ports of loopback. */
  async listen(): Promise<{ readonly inventory: string; readonly payment: string }> {
    const options = { log: silentLogger(), secret: 'secret' };
    const inventory = createServer({ service: 'inventory', instance: 'inventory-1', ...options });
    const payment = createServer({ service: 'payment', instance: 'payment-1', ...options });
    this.#servers.push(inventory, payment);
    return {
      inventory: await inventory.add(InventoryServiceDefinition, this.#inventory()).listen(),
      payment: await payment.add(PaymentServiceDefinition, this.#payment()).listen(),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.drain({ timeoutMs: 0 })));
  }

  product(sku: string, available: number, amountMinor = 1_000, currency = 'EUR'): string {
    this.stock.set(sku, { available, amountMinor, currency });
    return sku;
  }

  failNext(method: string, ...faults: Fault[]): void {
    this.faults.set(method, [...(this.faults.get(method) ?? []), ...faults]);
  }

  /** Calls of a method for an order. */
  countCalls(method: string, orderId: string): number {
    return this.calls.filter((call) => call === `${method} ${orderId}`).length;
  }

  async #served<T>(method: string, orderId: string, work: () => T): Promise<T> {
    this.calls.push(`${method} ${orderId}`);
    const run = () => new Promise<T>((resolve) => resolve(work()));
    const fault = this.faults.get(method)?.shift();
    return fault === undefined ? run() : ((await fault(run)) as Promise<T>);
  }

  #inventory(): Handlers<typeof InventoryServiceDefinition> {
    return {
      ...unserved(InventoryServiceDefinition),
      batchGetProducts: ({ skus }) =>
        this.#served('batchGetProducts', skus.join(), () => ({
          products: skus.flatMap((sku) => {
            const { currency, amountMinor, available } = this.stock.get(sku) ?? {};
            if (currency === undefined || amountMinor === undefined || available === undefined) return [];
            return [{ sku, title: `The ${sku}`, unitPrice: { currency, amountMinor }, available }];
          }),
        })),
      reserveStock: ({ orderId, lines }) =>
        this.#served('reserve', orderId, () => {
          const known = this.reservations.get(orderId);
          if (known === undefined) {
            const wanted = new Map<string, number>();
            for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
            let reason = '';
            for (const { sku, expectedUnitPrice } of lines) {
              if (this.#shelf(sku).amountMinor !== expectedUnitPrice?.amountMinor) reason ||= 'PRICE_CHANGED';
            }
            for (const [sku, quantity] of wanted) {
              if (this.#shelf(sku).available < quantity) reason ||= 'OUT_OF_STOCK';
            }
            if (reason === '') this.#move(lines, -1);
            const state = reason === '' ? Reservation_State.HELD : Reservation_State.REFUSED;
            this.reservations.set(orderId, reservation(orderId, state, reason, lines));
          }
          const decided = there(this.reservations.get(orderId));
          if (decided.state === Reservation_State.REFUSED) {
            const sku = there(lines[0]).sku;
            throw new AppError('FAILED_PRECONDITION', decided.reason, decided.reason, {
              metadata: { sku, available: String(this.#shelf(sku).available) },
            });
          }
          if (decided.state === Reservation_State.RELEASED) throw refused('RESERVATION_RELEASED');
          return { reservation: decided };
        }),
      batchCommitReservations: async ({ orderIds }) => ({
        failures: (await Promise.all(orderIds.map((orderId) => this.#commit(orderId)))).flat(),
      }),
      releaseReservation: ({ orderId }) =>
        this.#served('release', orderId, () => {
          const held = this.reservations.get(orderId) ?? reservation(orderId, Reservation_State.RELEASED, '', []);
          if (held.state === Reservation_State.HELD || held.state === Reservation_State.COMMITTED)
            this.#move(held.lines, 1);
          const released =
            held.state === Reservation_State.REFUSED ? held : { ...held, state: Reservation_State.RELEASED };
          this.reservations.set(orderId, released);
          return { reservation: released };
        }),
    };
  }

  #commit(orderId: string) {
    return this.#served('commit', orderId, () => {
      const held = this.reservations.get(orderId);
      const reason = held === undefined || held.state === Reservation_State.REFUSED ? 'RESERVATION_NOT_HELD' : '';
      if (held?.state === Reservation_State.RELEASED) return [{ orderId, reason: 'RESERVATION_RELEASED' }];
      if (held === undefined || reason !== '') return [{ orderId, reason }];
      this.reservations.set(orderId, { ...held, state: Reservation_State.COMMITTED });
      return [];
    });
  }

  #shelf(sku: string) {
    return there(this.stock.get(sku));
  }

  #move(lines: Reservation['lines'], sign: number): void {
    for (const { sku, quantity } of lines) this.#shelf(sku).available += sign * quantity;
  }

  #payment(): Handlers<typeof PaymentServiceDefinition> {
    return {
      ...unserved(PaymentServiceDefinition),
      charge: ({ orderId, amount, paymentToken }) =>
        this.#served('charge', orderId, () => {
          if (!this.payments.has(orderId)) {
            const declined = paymentToken === 'tok_declined';
            if (!declined) this.charges.push(orderId);
            const state = declined ? Payment_State.DECLINED : Payment_State.CHARGED;
            this.payments.set(orderId, payment(orderId, state, amount));
          }
          const decided = there(this.payments.get(orderId));
          if (decided.state === Payment_State.DECLINED) {
            throw new AppError('FAILED_PRECONDITION', 'PAYMENT_DECLINED', 'declined', {
              metadata: { decline_code: 'card_declined' },
            });
          }
          if (decided.state !== Payment_State.CHARGED) throw refused('PAYMENT_VOIDED');
          return { payment: decided };
        }),
      void: ({ orderId }) => this.#served('void', orderId, () => ({ payment: this.#undo(orderId) })),
      refund: ({ orderId }) =>
        this.#served('refund', orderId, () => {
          const undone = this.#undo(orderId);
          if (undone.state !== Payment_State.REFUNDED) throw refused('PAYMENT_NOT_CHARGED');
          return { payment: undone };
        }),
    };
  }

  #undo(orderId: string): Payment {
    const known = this.payments.get(orderId) ?? payment(orderId, Payment_State.VOIDED, undefined);
    if (known.state === Payment_State.CHARGED) this.refunds.push(orderId);
    const undone = known.state === Payment_State.CHARGED ? { ...known, state: Payment_State.REFUNDED } : known;
    this.payments.set(orderId, undone);
    return undone;
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the fake does not know that');
  return value;
}

function reservation(
  orderId: string,
  state: Reservation['state'],
  reason: string,
  lines: Reservation['lines'],
): Reservation {
  return { orderId, state, reason, lines, createTime: undefined, updateTime: undefined };
}

function payment(orderId: string, state: Payment['state'], amount: Payment['amount']): Payment {
  return { orderId, state, amount, declineCode: '', createTime: undefined, updateTime: undefined };
}

function refused(reason: string): AppError {
  return new AppError('FAILED_PRECONDITION', reason, reason);
}

/** The methods that no order calls. */
function unserved<D extends { readonly methods: object }>(definition: D): { [K in keyof D['methods']]: () => never } {
  const refuse = () => {
    throw new AppError('UNIMPLEMENTED', 'UNIMPLEMENTED', 'not needed here');
  };
  return Object.fromEntries(Object.keys(definition.methods).map((key) => [key, refuse])) as {
    [K in keyof D['methods']]: () => never;
  };
}
