import {
  Order_Status,
  Payment_State,
  Reservation_State,
  type OrderRecord,
  type PaymentRecord,
  type Reservation,
  type StockBalance,
} from '@stampede/contracts';
import { expect, test } from 'vitest';
import type { Books } from './books.ts';
import { checkBooks } from './check-books.ts';

const ID = 'order-1';
const price = { currency: 'EUR', amountMinor: 500 };

function order(status: Order_Status, over: Partial<OrderRecord> = {}): OrderRecord {
  return {
    order: {
      id: ID,
      userId: 'u',
      status,
      reason: '',
      items: [
        { sku: 'a', title: 'A', quantity: 1, unitPrice: price },
        { sku: 'a', title: 'A', quantity: 1, unitPrice: price },
      ],
      total: { currency: 'EUR', amountMinor: 1000 },
      version: 2,
      createTime: undefined,
      updateTime: undefined,
    },
    outcomes: [status],
    unfinished: false,
    ...over,
  };
}

function reservation(state: Reservation_State, quantity = 2): Reservation {
  const lines = [{ sku: 'a', quantity, expectedUnitPrice: price }];
  return { orderId: ID, state, reason: '', lines, createTime: undefined, updateTime: undefined };
}

function payment(state: Payment_State, over: Partial<PaymentRecord> = {}): PaymentRecord {
  const charged = state === Payment_State.CHARGED;
  return {
    payment: {
      orderId: ID,
      state,
      amount: { currency: 'EUR', amountMinor: 1000 },
      declineCode: '',
      createTime: undefined,
      updateTime: undefined,
    },
    transfersSumMinor: 0,
    providerCharges: charged ? 1 : 0,
    providerRefunds: 0,
    providerBalanceMinor: charged ? 1000 : 0,
    ...over,
  };
}

const balanced: StockBalance = { sku: 'a', initial: 10, restocked: 5, available: 13, held: 0, sold: 2 };

function books(over: {
  order?: OrderRecord;
  reservation?: Reservation;
  payment?: PaymentRecord | undefined;
  stock?: StockBalance;
  moving?: boolean;
}): Books {
  return {
    settled: new Map(over.order && over.moving !== true ? [[ID, over.order]] : []),
    moving: new Set(over.moving === true ? [ID] : []),
    reservations: new Map(over.reservation ? [[ID, over.reservation]] : []),
    payments: new Map(over.payment ? [[ID, over.payment]] : []),
    stock: [over.stock ?? balanced],
  };
}

const broken = (given: Books) =>
  checkBooks(given)
    .filter((finding) => finding.broken > 0)
    .map((finding) => finding.name);

const paid = {
  order: order(Order_Status.PAID),
  reservation: reservation(Reservation_State.COMMITTED),
  payment: payment(Payment_State.CHARGED),
};

test('a paid order with its units and one charge is clean', () => {
  expect(broken(books(paid))).toEqual([]);
});

test('an order that was cancelled after it was paid is clean once all is given back', () => {
  const refunded = payment(Payment_State.REFUNDED, { providerCharges: 1, providerRefunds: 1 });
  const cancelled = order(Order_Status.CANCELLED, { outcomes: [Order_Status.PAID, Order_Status.CANCELLED] });
  expect(
    broken(books({ order: cancelled, reservation: reservation(Reservation_State.RELEASED), payment: refunded })),
  ).toEqual([]);
});

test.each<[string, Parameters<typeof books>[0], string[]]>([
  ['a unit sold twice', { ...paid, stock: { ...balanced, sold: 3 } }, ['stock']],
  ['stock below zero', { ...paid, stock: { ...balanced, available: -2, sold: 17 } }, ['stock']],
  [
    'a paid order without its units',
    { ...paid, reservation: reservation(Reservation_State.RELEASED) },
    ['reservations'],
  ],
  [
    'a paid order that was never committed',
    { ...paid, reservation: reservation(Reservation_State.HELD) },
    ['reservations'],
  ],
  [
    'a paid order with too few units',
    { ...paid, reservation: reservation(Reservation_State.COMMITTED, 1) },
    ['reservations'],
  ],
  [
    'a rejected order that still holds units',
    { order: order(Order_Status.REJECTED), reservation: reservation(Reservation_State.HELD) },
    ['reservations'],
  ],
  [
    'a card charged twice',
    { ...paid, payment: payment(Payment_State.CHARGED, { providerCharges: 2, providerBalanceMinor: 2000 }) },
    ['charges', 'zero sum'],
  ],
  ['a paid order that nobody paid', { ...paid, payment: payment(Payment_State.DECLINED) }, ['charges']],
  ['a wrong amount', { ...paid, payment: payment(Payment_State.CHARGED, { providerBalanceMinor: 999 }) }, ['charges']],
  [
    'a cancelled order that keeps the money',
    { order: order(Order_Status.CANCELLED), payment: payment(Payment_State.CHARGED) },
    ['charges'],
  ],
  [
    'a charge that the shop has forgotten',
    {
      order: order(Order_Status.EXPIRED),
      payment: payment(Payment_State.VOIDED, { providerCharges: 1, providerBalanceMinor: 1000 }),
    },
    ['charges', 'zero sum'],
  ],
  ['a hold without an order', { reservation: reservation(Reservation_State.HELD) }, ['explained']],
  ['a charge without an order', { payment: payment(Payment_State.CHARGED) }, ['explained']],
  [
    'books that do not sum to zero',
    { ...paid, payment: payment(Payment_State.CHARGED, { transfersSumMinor: 5 }) },
    ['zero sum'],
  ],
  ['an outcome never told', { ...paid, order: order(Order_Status.PAID, { outcomes: [] }) }, ['outcomes']],
  [
    'an outcome written twice',
    { ...paid, order: order(Order_Status.PAID, { outcomes: [Order_Status.PAID, Order_Status.PAID] }) },
    ['outcomes'],
  ],
])('%s is found', (_, given, names) => {
  expect(broken(books(given))).toEqual(names);
});

test('an order over nothing is paid without a charge', () => {
  const free = order(Order_Status.PAID);
  const total = { currency: 'EUR', amountMinor: 0 };
  expect(broken(books({ ...paid, order: { ...free, order: { ...free.order!, total } }, payment: undefined }))).toEqual(
    [],
  );
});

test('an order in motion is not judged', () => {
  expect(broken(books({ ...paid, reservation: reservation(Reservation_State.HELD), moving: true }))).toEqual([]);
});
