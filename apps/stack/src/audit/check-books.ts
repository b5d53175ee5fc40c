import {
  Order_Status,
  Payment_State,
  Reservation_State,
  type OrderRecord,
  type PaymentRecord,
  type Reservation,
} from '@stampede/contracts';
import type { Books } from './books.ts';

/** One invariant, what was counted for it, and where it does not hold. */
export interface Finding {
  readonly name: string;
  /** What is promised, in a sentence. */
  readonly promise: string;
  readonly figures: Readonly<Record<string, number>>;
  /** The first of what breaks it; none where it holds. */
  readonly violations: readonly string[];
  readonly broken: number;
}

const SHOWN = 20;
const TAKEN: ReadonlySet<number> = new Set([Order_Status.PAID, Order_Status.SHIPPED]);

/** Checks every invariant of an order's life over what the services' books say. Pure: what it is told is all it knows. */
export function checkBooks(books: Books): readonly Finding[] {
  return [
    stockBalances(books),
    paidIsReserved(books),
    chargedOnce(books),
    explained(books),
    zeroSum(books),
    outcomesTold(books),
  ];
}

function stockBalances({ stock }: Books): Finding {
  const check = finding('stock', 'per SKU: initial + restocked = available + held + sold, and nothing is below zero');
  const totals = { skus: stock.length, initial: 0, restocked: 0, available: 0, held: 0, sold: 0 };
  for (const { sku, initial, restocked, available, held, sold } of stock) {
    totals.initial += initial;
    totals.restocked += restocked;
    totals.available += available;
    totals.held += held;
    totals.sold += sold;
    const text = `${sku}: ${initial} + ${restocked} came in, ${available} + ${held} + ${sold} are there or gone`;
    if (initial + restocked !== available + held + sold || available < 0) check.breaks(text);
  }
  return check.done(totals);
}

function paidIsReserved({ settled, reservations }: Books): Finding {
  const check = finding(
    'reservations',
    'a PAID or SHIPPED order has its units committed, exactly those it asked for; any other has none',
  );
  const figures = { orders: settled.size, paid: 0, committed: 0 };
  for (const [id, record] of settled) {
    const reservation = reservations.get(id);
    const taken = isTaken(record);
    if (taken) figures.paid++;
    if (reservation?.state === Reservation_State.COMMITTED) figures.committed++;
    if (taken && reservation?.state !== Reservation_State.COMMITTED) {
      check.breaks(`${id} is ${statusOf(record)}, its reservation ${stateOf(reservation)}`);
    } else if (!taken && isHolding(reservation)) {
      check.breaks(`${id} is ${statusOf(record)}, its reservation still ${stateOf(reservation)}`);
    } else if (taken && reservation !== undefined && !sameUnits(record, reservation)) {
      check.breaks(`${id} asks for other units than its reservation holds`);
    }
  }
  return check.done(figures);
}

function chargedOnce({ settled, payments }: Books): Finding {
  const check = finding(
    'charges',
    'a PAID or SHIPPED order is charged once, its total (0: not at all); any other not at all, or the money was given back',
  );
  const figures = { charged: 0, refunded: 0, doubled: 0 };
  for (const [id, record] of settled) {
    const payment = payments.get(id);
    const charges = payment?.providerCharges ?? 0;
    const balance = payment?.providerBalanceMinor ?? 0;
    const charged = payment?.payment?.state === Payment_State.CHARGED;
    const total = record.order?.total?.amountMinor ?? 0;
    if (charges > 0 && balance > 0) figures.charged++;
    if ((payment?.providerRefunds ?? 0) > 0) figures.refunded++;
    if (charges > 1) {
      figures.doubled++;
      check.breaks(`${id} was charged ${charges} times`);
    } else if (isTaken(record) && !(charged === total > 0 && charges === Number(charged) && balance === total)) {
      check.breaks(`${id} is ${statusOf(record)} over ${total}, the provider holds ${balance}`);
    } else if (!isTaken(record) && (charged || balance !== 0)) {
      check.breaks(`${id} is ${statusOf(record)}, the provider still holds ${balance}`);
    }
  }
  return check.done(figures);
}

function explained({ settled, moving, reservations, payments }: Books): Finding {
  const check = finding('explained', 'every hold and every charge belongs to an order');
  const known = (id: string) => settled.has(id) || moving.has(id);
  for (const [id, reservation] of reservations) {
    if (isHolding(reservation) && !known(id))
      check.breaks(`a reservation is ${stateOf(reservation)} for ${id}, which no order is`);
  }
  for (const [id, payment] of payments) {
    if ((payment.providerCharges > 0 || isCharge(payment)) && !known(id))
      check.breaks(`a charge was made for ${id}, which no order is`);
  }
  return check.done({ reservations: reservations.size, payments: payments.size });
}

function zeroSum({ payments, moving }: Books): Finding {
  const check = finding(
    'zero sum',
    'every transfer credits what it debits, and the provider has as many charges and refunds as we know of',
  );
  for (const [id, payment] of payments) {
    if (payment.transfersSumMinor !== 0) check.breaks(`the transfers of ${id} sum to ${payment.transfersSumMinor}`);
    const { state } = payment.payment ?? {};
    const net = payment.providerCharges - payment.providerRefunds;
    if (!moving.has(id) && net !== (state === Payment_State.CHARGED ? 1 : 0)) {
      check.breaks(
        `the provider's books have ${payment.providerCharges} charges and ${payment.providerRefunds} refunds for ${id}`,
      );
    }
  }
  return check.done({ payments: payments.size });
}

function outcomesTold({ settled }: Books): Finding {
  const check = finding('outcomes', 'every outcome of an order is told, each once, its present one last');
  const figures = { orders: settled.size, told: 0 };
  for (const [id, record] of settled) {
    figures.told += record.outcomes.length;
    if (record.outcomes.at(-1) !== record.order?.status)
      check.breaks(`${id} is ${statusOf(record)}, which was not told last`);
    if (new Set(record.outcomes).size !== record.outcomes.length) check.breaks(`${id}: an outcome was written twice`);
  }
  return check.done(figures);
}

function finding(name: string, promise: string) {
  const violations: string[] = [];
  let broken = 0;
  return {
    breaks(violation: string): void {
      broken++;
      if (violations.length < SHOWN) violations.push(violation);
    },
    done: (figures: Readonly<Record<string, number>>): Finding => ({ name, promise, figures, violations, broken }),
  };
}

function isTaken(record: OrderRecord): boolean {
  return TAKEN.has(record.order?.status ?? 0);
}

function isHolding(reservation: Reservation | undefined): boolean {
  return reservation?.state === Reservation_State.HELD || reservation?.state === Reservation_State.COMMITTED;
}

function isCharge({ payment }: PaymentRecord): boolean {
  return payment?.state === Payment_State.CHARGED || payment?.state === Payment_State.REFUNDED;
}

function sameUnits(record: OrderRecord, reservation: Reservation): boolean {
  const left = new Map<string, number>();
  for (const { sku, quantity } of record.order?.items ?? []) left.set(sku, (left.get(sku) ?? 0) + quantity);
  for (const { sku, quantity } of reservation.lines) left.set(sku, (left.get(sku) ?? 0) - quantity);
  return [...left.values()].every((units) => units === 0);
}

function statusOf({ order }: OrderRecord): string {
  return nameIn(Order_Status, order?.status);
}

function stateOf(reservation: Reservation | undefined): string {
  return reservation === undefined ? 'missing' : nameIn(Reservation_State, reservation.state);
}

function nameIn(names: Readonly<Record<string, number>>, value: number | undefined): string {
  return Object.keys(names).find((name) => names[name] === value) ?? 'unknown';
}
