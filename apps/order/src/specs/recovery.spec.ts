import { Order_Status } from '@stampede/contracts';
import { eventually, useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALL_CRASH_POINTS, type CrashPoint } from '../domain/crash-points.ts';
import { auditShop } from './audit-shop.ts';
import type { Fault } from './fake-participants.ts';
import { basket, openShop, shopper, type Shop } from './shop.ts';

let shop: Shop;
let made = 0;
const operator = shopper(['operator']);

beforeAll(async () => {
  const { url } = await useDatabase('recovery');
  shop = await openShop(url, {
    callDeadlineMs: 400,
    saga: { maxBackoffMs: 50, pollMs: 50, leaseSeconds: 0.5 },
    watch: { pollMs: 50 },
  });
});
afterAll(() => shop.close());

const product = () => shop.participants.product(`sku-${(made += 1)}`, 10);
const never: Fault = () => new Promise(() => undefined);

/** What it takes to reach a point, and how the order ends. */
const ways: Record<string, { token?: string; verb?: 'cancel' | 'refund' | 'ship'; units?: number; ends: number }> = {
  catalog: { ends: Order_Status.PAID },
  place: { ends: Order_Status.PAID },
  reserve: { ends: Order_Status.PAID },
  charge: { ends: Order_Status.PAID },
  pay: { ends: Order_Status.PAID },
  commit: { ends: Order_Status.PAID },
  finish: { ends: Order_Status.PAID },
  unwind: { units: 11, ends: Order_Status.REJECTED },
  void: { token: 'tok_declined', ends: Order_Status.PAYMENT_FAILED },
  release: { token: 'tok_declined', ends: Order_Status.PAYMENT_FAILED },
  end: { token: 'tok_declined', ends: Order_Status.PAYMENT_FAILED },
  refund: { verb: 'refund', ends: Order_Status.REFUNDED },
  ship: { verb: 'ship', ends: Order_Status.SHIPPED },
};

/** Points of those who look after what others left; the next test reaches them. */
const CARETAKING = /^order\.(claim|renew|hand-over)\./;
const onTheWay = ALL_CRASH_POINTS.filter((point) => !CARETAKING.test(point));

test.each(onTheWay)(
  'an instance that dies at %s is followed by another',
  async (at) => {
    const { token = 'tok_visa', verb, units = 1, ends } = ways[at.split('.')[1]!]!;
    const died = Promise.withResolvers<CrashPoint>();
    const dead = { yet: false };
    const doomed = await shop.instance({
      crash: (point) => {
        if (point === at) {
          dead.yet = true;
          died.resolve(point);
        }
        return dead.yet ? new Promise<never>(() => undefined) : undefined;
      },
    });
    const [sku, me] = [product(), shopper()];
    const request = basket(sku, units, { paymentToken: token });
    const placing = (async () => {
      // A busy machine may be too late with an answer: then the shopper asks again.
      while (!dead.yet) {
        const answer = await doomed.client.createOrder(request, { ...me, deadlineMs: 5_000 }).catch(() => undefined);
        if (answer !== undefined) return answer.order;
      }
      return undefined;
    })();
    if (verb !== undefined) {
      const { id } = (await placing)!;
      void doomed.client[`${verb}Order`]({ id }, { ...operator, deadlineMs: 5_000 }).catch(() => undefined);
    }
    await died.promise;
    await doomed.die();

    const next = await shop.instance();
    // What the first did not commit, the shopper asks for again.
    await next.client.createOrder(request, me).catch(() => undefined);
    if (verb !== undefined) {
      const { id } = (await next.client.listOrders({ pageSize: 1, pageToken: '' }, me)).orders[0]!;
      await next.client[`${verb}Order`]({ id }, operator).catch(() => undefined);
    }
    await eventually(
      async () => {
        const { orders } = await next.client.listOrders({ pageSize: 0, pageToken: '' }, me);
        expect(orders.map(({ status }) => status)).toEqual([ends]);
      },
      { timeoutMs: 10_000 },
    );
    expect(await auditShop(shop)).toEqual([]);
    await next.leave();
  },
  30_000,
);

test('an instance that leaves gives what is not done to another at once', async () => {
  Object.assign(shop.settings.saga, { leaseSeconds: 3_600 });
  try {
    const reached: CrashPoint[] = [];
    const leaving = await shop.instance({ crash: (point) => void reached.push(point) });
    const sku = product();
    shop.participants.failNext('charge', ...Array.from({ length: 200 }, () => never));
    const { order } = await leaving.client.createOrder(basket(sku, 1, { respondAsync: true }), operator);
    await eventually(() => expect(shop.participants.countCalls('charge', order!.id)).toBeGreaterThan(0));
    await leaving.leave();
    expect(reached).toContain('order.hand-over.after');
    shop.participants.faults.clear();
    const next = await shop.instance();
    await eventually(async () =>
      expect((await next.client.getOrder({ id: order!.id }, operator)).order!.status).toBe(Order_Status.PAID),
    );
    expect(await auditShop(shop)).toEqual([]);
    await next.leave();
  } finally {
    Object.assign(shop.settings.saga, { leaseSeconds: 0.5 });
  }
});

test('while an instance lives, nobody takes its order from it, however long that takes', async () => {
  const reached: CrashPoint[] = [];
  const first = await shop.instance({ crash: (point) => void reached.push(point) });
  const second = await shop.instance({ crash: (point) => void reached.push(point) });
  const gate = Promise.withResolvers<undefined>();
  Object.assign(shop.settings, { callDeadlineMs: 10_000 });
  shop.participants.failNext('charge', async (work) => {
    await gate.promise;
    return work();
  });
  const { order } = await first.client.createOrder(basket(product(), 1, { respondAsync: true }), operator);
  await eventually(() => expect(reached.filter((point) => point === 'order.renew.after').length).toBeGreaterThan(5));
  gate.resolve(undefined);
  await eventually(async () =>
    expect((await second.client.getOrder({ id: order!.id }, operator)).order!.status).toBe(Order_Status.PAID),
  );
  expect(shop.participants.countCalls('charge', order!.id)).toBe(1);
  expect(reached).toContain('order.claim.after');
  Object.assign(shop.settings, { callDeadlineMs: 400 });
  expect(await auditShop(shop)).toEqual([]);
  await Promise.all([first.leave(), second.leave()]);
});
