import { Order_Status } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { eventually, useDatabase } from '@stampede/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { auditShop } from './audit-shop.ts';
import type { Fault } from './fake-participants.ts';
import { basket, failure, openShop, shopper, type OrderClient, type Shop } from './shop.ts';

let shop: Shop;
let client: OrderClient;
let made = 0;
const operator = shopper(['operator']);

beforeAll(async () => {
  const { url } = await useDatabase('change_order');
  shop = await openShop(url, { callDeadlineMs: 300, saga: { maxBackoffMs: 50, pollMs: 100, leaseSeconds: 1 } });
  ({ client } = await shop.instance());
});
afterAll(() => shop.close());
afterEach(async () => expect(await auditShop(shop)).toEqual([]));

const product = (units = 10) => shop.participants.product(`sku-${(made += 1)}`, units);
const available = (sku: string) => shop.participants.stock.get(sku)!.available;
const paid = async (sku: string, me = shopper()) => (await client.createOrder(basket(sku), me)).order!;
const down: Fault = () => Promise.reject(new AppError('UNAVAILABLE', 'DOWN', 'not now'));
const times = (n: number) => Array.from({ length: n }, () => down);

test('a paid order that is cancelled gives money and stock back, once, however often it is asked', async () => {
  const [sku, me] = [product(), shopper()];
  const { id } = await paid(sku, me);
  const answers = await Promise.all([1, 2, 3].map(() => client.cancelOrder({ id }, me)));
  for (const { order } of answers)
    expect(order).toMatchObject({ status: Order_Status.CANCELLED, reason: 'ORDER_CANCELLED' });
  expect(await client.cancelOrder({ id }, me)).toEqual(answers[0]);
  expect(available(sku)).toBe(10);
  expect(shop.participants.refunds.filter((each) => each === id)).toHaveLength(1);
});

test('an order is cancelled while its card is being asked: the charge that comes after all is given back', async () => {
  const [sku, me] = [product(), shopper()];
  const asked = Promise.withResolvers<undefined>();
  const answer = Promise.withResolvers<undefined>();
  shop.participants.failNext('charge', async (work) => {
    asked.resolve(undefined);
    await answer.promise;
    return work();
  });
  const request = basket(sku);
  const placing = failure(client.createOrder(request, me));
  await asked.promise;
  const { id } = (await client.listOrders({ pageSize: 1, pageToken: '' }, me)).orders[0]!;
  const { order } = await client.cancelOrder({ id }, me);
  answer.resolve(undefined);
  expect(order!.status).toBe(Order_Status.CANCELLED);
  expect(await placing).toMatchObject({ reason: 'ORDER_CANCELLED', metadata: { order_id: id } });
  expect(await failure(client.createOrder(request, me))).toMatchObject({ reason: 'ORDER_CANCELLED' });
  expect(available(sku)).toBe(10);
});

test('cancel racing pay: one of both', async () => {
  const [sku, me, other] = [product(40), shopper(), await shop.instance()];
  const ends = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const { order } = await client.createOrder(basket(sku, 1, { respondAsync: true }), me);
      if (n % 4 !== 0) await new Promise((resolve) => setTimeout(resolve, n));
      const cancelled = await (n % 2 === 0 ? client : other.client).cancelOrder({ id: order!.id }, me);
      return cancelled.order!.status;
    }),
  );
  expect(new Set(ends)).toEqual(new Set([Order_Status.CANCELLED]));
  expect(available(sku)).toBe(40);
});

test('cancelling while payment is away answers UNWINDING in time, and goes on', async () => {
  const [sku, me] = [product(), shopper()];
  const { id } = await paid(sku, me);
  shop.participants.failNext('refund', ...times(30));
  const { order } = await client.cancelOrder({ id }, { ...me, deadlineMs: 300 });
  expect(order!.status).toBe(Order_Status.UNWINDING);
  expect(available(sku)).toBe(9);
  await eventually(async () => expect((await client.getOrder({ id }, me)).order!.status).toBe(Order_Status.CANCELLED));
});

test('operators ship and refund what is paid; nobody else, and nothing else', async () => {
  const [sku, me] = [product(), shopper()];
  const [first, second] = [await paid(sku, me), await paid(sku, me)];
  for (const method of [client.shipOrder, client.refundOrder]) {
    expect(await failure(method({ id: first.id }, me))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await failure(method({ id: first.id }, shopper()))).toMatchObject({ reason: 'ORDER_NOT_FOUND' });
  }
  const shipped = await client.shipOrder({ id: first.id }, operator);
  expect(shipped.order).toMatchObject({ status: Order_Status.SHIPPED, version: 3 });
  expect(await client.shipOrder({ id: first.id }, operator)).toEqual(shipped);
  const refunded = await client.refundOrder({ id: second.id }, operator);
  expect(refunded.order).toMatchObject({ status: Order_Status.REFUNDED, reason: 'ORDER_REFUNDED' });
  expect(await client.refundOrder({ id: second.id }, operator)).toEqual(refunded);

  const illegal = [
    [() => client.cancelOrder({ id: first.id }, me), first.id, 'SHIPPED'],
    [() => client.refundOrder({ id: first.id }, operator), first.id, 'SHIPPED'],
    [() => client.cancelOrder({ id: second.id }, me), second.id, 'REFUNDED'],
    [() => client.shipOrder({ id: second.id }, operator), second.id, 'REFUNDED'],
  ] as const;
  for (const [call, order_id, status] of illegal) {
    expect(await failure(call())).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'ILLEGAL_TRANSITION',
      metadata: { order_id, status },
    });
  }
});

test('of shipping and refunding at once one wins, and the other is told what it is', async () => {
  for (let n = 0; n < 10; n += 1) {
    const { id } = await paid(product());
    const results = await Promise.allSettled([
      client.shipOrder({ id }, operator),
      client.refundOrder({ id }, operator),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
});

test('an order that cannot be paid in time is given up: the money is certain before the stock is back', async () => {
  const [sku, me] = [product(), shopper()];
  const { settings, participants } = shop;
  Object.assign(settings, { holdSeconds: 0.2 });
  try {
    participants.failNext('charge', async (work) => {
      await work();
      throw new AppError('UNAVAILABLE', 'REPLY_LOST', 'charged, and nobody knows');
    });
    participants.failNext('charge', ...times(1_000));
    participants.failNext('void', ...times(10));
    const error = await failure(client.createOrder(basket(sku), me));
    const id = error.metadata['order_id']!;
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'ORDER_EXPIRED' });
    expect(available(sku)).toBe(10);
    const undoing = participants.calls.filter((call) => /^(void|release) /.test(call) && call.endsWith(id));
    expect(undoing.slice(0, -1)).toEqual(Array.from({ length: 11 }, () => `void ${id}`));
    expect(undoing.at(-1)).toBe(`release ${id}`);
    expect(participants.refunds).toContain(id);
    expect((await client.getOrder({ id }, me)).order!.status).toBe(Order_Status.EXPIRED);
  } finally {
    Object.assign(settings, { holdSeconds: 900 });
    participants.faults.clear();
  }
});
