import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Order_Status, type Order } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { eventually, useDatabase } from '@stampede/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { auditShop } from './audit-shop.ts';
import type { Fault } from './fake-participants.ts';
import { basket, failure, openShop, shopper, type OrderClient, type Shop } from './shop.ts';

let shop: Shop;
let client: OrderClient;
let made = 0;

beforeAll(async () => {
  const { url } = await useDatabase('place_order');
  shop = await openShop(url, { callDeadlineMs: 300, saga: { maxBackoffMs: 50, pollMs: 100 } });
  ({ client } = await shop.instance());
});
afterAll(() => shop.close());
afterEach(async () => expect(await auditShop(shop)).toEqual([]));

const product = (available = 10, amountMinor = 1_000, currency = 'EUR') =>
  shop.participants.product(`sku-${(made += 1)}`, available, amountMinor, currency);
const available = (sku: string) => shop.participants.stock.get(sku)!.available;

const lost: Fault = async (work) => {
  await work();
  throw new AppError('UNAVAILABLE', 'REPLY_LOST', 'it was done, and nobody knows');
};
const refusedOnce: Fault = () => Promise.reject(new AppError('UNAVAILABLE', 'DOWN', 'not now'));
const never: Fault = () => new Promise(() => undefined);

/** Charges are asked for, and asked for again, and get no answer until they are let go. */
function holdCharges() {
  const { faults } = shop.participants;
  const held = Promise.withResolvers<undefined>();
  const many = 1_000;
  const hold: Fault = (work) => held.promise.then(work);
  shop.participants.failNext('charge', ...Array.from({ length: many }, () => hold));
  return {
    asked: () => eventually(() => expect(faults.get('charge')!.length).toBeLessThan(many)),
    letGo() {
      faults.delete('charge');
      held.resolve(undefined);
    },
  };
}

/** For how long those under way keep others waiting, until it is put back. */
function gateOf(maxMs: number): () => void {
  const { gate } = shop.settings;
  const usual = { ...gate };
  Object.assign(gate, { maxMs });
  return () => void Object.assign(gate, usual);
}

async function ended(order: { id: string }, status: number, options = shopper(['operator'])): Promise<Order> {
  return eventually(async () => {
    const read = (await client.getOrder({ id: order.id }, options)).order!;
    expect(read.status).toBe(status);
    return read;
  });
}

test('an order is paid, and says what was bought', async () => {
  const [sku, me] = [product(), shopper()];
  const { order } = await client.createOrder(basket(sku, 3), me);
  expect(order).toMatchObject({
    userId: me.user.id,
    status: Order_Status.PAID,
    reason: '',
    items: [{ sku, title: `The ${sku}`, quantity: 3, unitPrice: { currency: 'EUR', amountMinor: 1_000 } }],
    total: { currency: 'EUR', amountMinor: 3_000 },
    version: 2,
  });
  expect(available(sku)).toBe(7);
  expect(await client.getOrder({ id: order!.id }, me)).toEqual({ order });
});

test('a paid order is answered at once; its stock waits for company to be sold, or until there is enough of it', async () => {
  const { batch } = shop.settings;
  const usual = { ...batch };
  Object.assign(batch, { maxSize: 2, lingerMs: 600_000 });
  try {
    const [sku, me] = [product(), shopper()];
    const buy = async () => (await client.createOrder(basket(sku), me)).order!;
    const first = await buy();
    expect(first.status).toBe(Order_Status.PAID);
    const second = await buy();
    const { calls } = shop.participants;
    await eventually(() => {
      expect(calls).toContain(`commit ${second.id}`);
      return Promise.resolve();
    });
    const orderly = [`charge ${second.id}`, `commit ${first.id}`, `commit ${second.id}`];
    expect(calls.filter((call) => orderly.includes(call))).toEqual(orderly);
  } finally {
    Object.assign(batch, usual);
  }
});

test('orders that come while others are under way go together once those have their answers', async () => {
  const restore = gateOf(600_000);
  const charges = holdCharges();
  try {
    const [sku, me] = [product(), shopper()];
    const first = client.createOrder(basket(sku), me);
    await charges.asked();
    const later = [client.createOrder(basket(sku), me)];
    await sleep(20);
    later.push(client.createOrder(basket(sku), me));
    await sleep(20);
    const placed = () =>
      shop.db.query<{ at: Date }>('SELECT created_at AS at FROM orders WHERE user_id = $1', [me.user.id]);
    expect(await placed()).toHaveLength(1);
    charges.letGo();
    for (const { order } of await Promise.all([first, ...later])) expect(order!.status).toBe(Order_Status.PAID);
    expect(new Set((await placed()).map(({ at }) => at.getTime())).size).toBe(2);
  } finally {
    charges.letGo();
    restore();
  }
});

test('an order that takes long keeps no other waiting for longer than it may', async () => {
  const charges = holdCharges();
  try {
    const me = shopper();
    let decided = false;
    const slow = client.createOrder(basket(product()), me).finally(() => (decided = true));
    await charges.asked();
    // What costs nothing needs no charge.
    const { order } = await client.createOrder(basket(product(10, 0)), me);
    expect([order!.status, decided]).toEqual([Order_Status.PAID, false]);
    charges.letGo();
    expect((await slow).order!.status).toBe(Order_Status.PAID);
  } finally {
    charges.letGo();
  }
});

test('a caller who waited for others has as much less time for the own order, and gets it as it stands', async () => {
  const restore = gateOf(1_000);
  const charges = holdCharges();
  try {
    const [sku, me] = [product(), shopper()];
    const first = client.createOrder(basket(sku), me);
    await charges.asked();
    const { order } = await client.createOrder(basket(sku), { ...me, deadlineMs: 2_000 });
    expect(order!.status).toBe(Order_Status.PENDING);
    charges.letGo();
    expect((await first).order!.status).toBe(Order_Status.PAID);
    await ended(order!, Order_Status.PAID);
  } finally {
    charges.letGo();
    restore();
  }
});

test('the same key ten times at once: one order, one charge, ten times the same id', async () => {
  const [sku, me, other] = [product(), shopper(), await shop.instance()];
  const request = basket(sku);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? client : other.client).createOrder(request, me)),
  );
  expect(new Set(answers.map(({ order }) => order!.id)).size).toBe(1);
  expect(new Set(answers.map(({ order }) => order!.status))).toEqual(new Set([Order_Status.PAID]));
  expect(shop.participants.charges.filter((id) => id === answers[0]!.order!.id)).toHaveLength(1);
  expect(available(sku)).toBe(9);
});

test('the key of another is not mine, and mine is for one request', async () => {
  const [sku, me] = [product(), shopper()];
  const request = basket(sku);
  const [mine, theirs] = [await client.createOrder(request, me), await client.createOrder(request, shopper())];
  expect(mine.order!.id).not.toBe(theirs.order!.id);
  for (const other of [
    { ...request, paymentToken: 'tok_other' },
    { ...request, items: [{ sku, quantity: 2 }] },
  ]) {
    expect(await failure(client.createOrder(other, me))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
  }
});

test('declined: the stock is back when the answer comes, and the same answer comes again', async () => {
  const [sku, me] = [product(), shopper()];
  const request = basket(sku, 4, { paymentToken: 'tok_declined' });
  const first = await failure(client.createOrder(request, me));
  expect(first).toMatchObject({ reason: 'PAYMENT_DECLINED', metadata: { decline_code: 'card_declined' } });
  expect(available(sku)).toBe(10);
  const again = await failure(client.createOrder(request, me));
  expect(again).toMatchObject({
    code: first.code,
    reason: first.reason,
    metadata: first.metadata,
    message: first.message,
  });
  await ended({ id: first.metadata['order_id']! }, Order_Status.PAYMENT_FAILED);
});

test('out of stock is told with what is left, also later, and asks no card', async () => {
  const [sku, me] = [product(2), shopper()];
  const request = basket(sku, 3);
  const first = await failure(client.createOrder(request, me));
  expect(first).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'OUT_OF_STOCK',
    metadata: { sku, available: '2' },
  });
  shop.participants.stock.get(sku)!.available = 100;
  expect(await failure(client.createOrder(request, me))).toMatchObject({ metadata: first.metadata });
  const id = first.metadata['order_id']!;
  await ended({ id }, Order_Status.REJECTED);
  expect(shop.participants.countCalls('charge', id)).toBe(0);
});

test('a price that changed is told, and looked at anew for the next order', async () => {
  const [sku, me] = [product(), shopper()];
  await client.createOrder(basket(sku), me);
  shop.participants.stock.get(sku)!.amountMinor = 2_000;
  expect(await failure(client.createOrder(basket(sku), me))).toMatchObject({ reason: 'PRICE_CHANGED' });
  expect((await client.createOrder(basket(sku), me)).order!.total).toEqual({ currency: 'EUR', amountMinor: 2_000 });
});

test('an unknown SKU is not found, and leaves the key unused', async () => {
  const me = shopper();
  const sku = `late-${randomUUID()}`;
  const request = basket(sku);
  expect(await failure(client.createOrder(request, me))).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'UNKNOWN_SKU',
    metadata: { sku },
  });
  shop.participants.product(sku, 5);
  expect((await client.createOrder(request, me)).order!.status).toBe(Order_Status.PAID);
});

test('what cannot be one order is refused before anything is written', async () => {
  const [euro, dollar, dear] = [product(), product(10, 500, 'USD'), product(10_000, 1_000_000_000_000)];
  const me = shopper();
  const items = [euro, dollar].map((sku) => ({ sku, quantity: 1 }));
  expect(await failure(client.createOrder({ ...basket(euro), items }, me))).toMatchObject({
    reason: 'MIXED_CURRENCIES',
  });
  expect(await failure(client.createOrder(basket(dear, 10_000), me))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field: 'items' }],
  });
  expect((await client.listOrders({ pageSize: 0, pageToken: '' }, me)).orders).toEqual([]);
});

test('what costs nothing is paid without a charge', async () => {
  const sku = product(5, 0);
  const { order } = await client.createOrder(basket(sku, 2), shopper());
  expect(order).toMatchObject({ status: Order_Status.PAID, total: { amountMinor: 0 } });
  expect(shop.participants.countCalls('charge', order!.id)).toBe(0);
  expect(available(sku)).toBe(3);
});

test.each([
  ['reserve', lost],
  ['reserve', refusedOnce],
  ['reserve', never],
  ['charge', lost],
  ['charge', refusedOnce],
  ['charge', never],
  ['commit', lost],
  ['commit', never],
] as const)('%s with an unknown outcome is asked again: paid, one charge', async (method, fault) => {
  const sku = product();
  shop.participants.failNext(method, fault, fault);
  const { order } = await client.createOrder(basket(sku), shopper());
  await ended(order!, Order_Status.PAID);
  expect(shop.participants.charges.filter((id) => id === order!.id)).toHaveLength(1);
  expect(available(sku)).toBe(9);
  await eventually(() => expect(shop.participants.countCalls('commit', order!.id)).toBeGreaterThan(0));
});

test('respond_async answers at once, with the order that goes on', async () => {
  const [sku, me] = [product(), shopper()];
  const request = basket(sku, 1, { respondAsync: true });
  const { order } = await client.createOrder(request, me);
  expect(order!.status).toBe(Order_Status.PENDING);
  await ended(order!, Order_Status.PAID);
  expect((await client.createOrder(request, me)).order).toMatchObject({ id: order!.id, status: Order_Status.PAID });
});

test('a caller out of time gets the order as it stands; one that leaves stops nothing', async () => {
  const [sku, me] = [product(), shopper()];
  shop.participants.failNext('charge', never, never);
  const request = basket(sku);
  const { order } = await client.createOrder(request, { ...me, deadlineMs: 250 });
  expect(order!.status).toBe(Order_Status.PENDING);
  await ended(order!, Order_Status.PAID);

  shop.participants.failNext('charge', never);
  const leaving = new AbortController();
  const left = failure(client.createOrder(basket(sku), { ...me, signal: leaving.signal }));
  await eventually(() => expect(shop.participants.faults.get('charge')).toEqual([]));
  leaving.abort();
  expect((await left).code).toBe('CANCELLED');
  const [newest] = (await client.listOrders({ pageSize: 1, pageToken: '' }, me)).orders;
  await ended(newest!, Order_Status.PAID);
});

test('a duplicate of an order in flight waits for its outcome, at another instance too', async () => {
  const [sku, me, other] = [product(), shopper(), await shop.instance()];
  shop.participants.failNext('charge', never);
  const request = basket(sku);
  const first = await client.createOrder({ ...request, respondAsync: true }, me);
  const again = await Promise.all([client.createOrder(request, me), other.client.createOrder(request, me)]);
  for (const { order } of again) expect(order).toMatchObject({ id: first.order!.id, status: Order_Status.PAID });
});

test('a repetition is answered even while inventory is away', async () => {
  const [sku, me] = [product(), shopper()];
  const request = basket(sku);
  const { order } = await client.createOrder(request, me);
  const fresh = await shop.instance(); // it remembers no prices
  shop.participants.failNext('batchGetProducts', ...Array.from({ length: 20 }, () => refusedOnce));
  expect(await fresh.client.createOrder(request, me)).toEqual({ order });
  expect(await failure(fresh.client.createOrder(basket(sku), me))).toMatchObject({ code: 'UNAVAILABLE' });
  shop.participants.faults.clear();
});

test('an order that was paid once is answered as it stands, whatever became of it', async () => {
  const [sku, me, operator] = [product(), shopper(), shopper(['operator'])];
  const request = basket(sku);
  const { order } = await client.createOrder(request, me);
  await client.refundOrder({ id: order!.id }, operator);
  expect((await client.createOrder(request, me)).order).toMatchObject({
    id: order!.id,
    status: Order_Status.REFUNDED,
    reason: 'ORDER_REFUNDED',
  });
});

test('every field at fault is named', async () => {
  const request = {
    items: [
      { sku: '-', quantity: 0 },
      { sku: 'ok', quantity: 10_001 },
    ],
    paymentToken: 'a\0b',
    idempotencyKey: 'ü',
    respondAsync: false,
  };
  const error = await failure(client.createOrder(request, shopper()));
  expect(error.violations.map(({ field }) => field)).toEqual([
    'items[0].sku',
    'items[0].quantity',
    'items[1].quantity',
    'payment_token',
    'idempotency_key',
  ]);
  for (const items of [[], Array.from({ length: 101 }, () => ({ sku: 'a', quantity: 1 }))]) {
    expect(await failure(client.createOrder({ ...basket('a'), items }, shopper()))).toMatchObject({
      violations: [{ field: 'items' }],
    });
  }
});
