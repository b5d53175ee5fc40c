import { randomUUID } from 'node:crypto';
import { Order_Status, type OrderRecord, type WatchOrderResponse } from '@stampede/contracts';
import { eventually, useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basket, failure, openShop, shopper, type OrderClient, type Shop, type ShopInstance } from './shop.ts';

let shop: Shop;
let instance: ShopInstance;
let client: OrderClient;
const operator = shopper(['operator']);

beforeAll(async () => {
  const { url } = await useDatabase('look_at_orders');
  shop = await openShop(url, { watch: { pollMs: 50, maxWatchers: 3 } });
  instance = await shop.instance();
  ({ client } = instance);
  shop.participants.product('tee', 1_000);
});
afterAll(() => shop.close());

const paid = async (me = shopper()) => (await client.createOrder(basket('tee'), me)).order!;
const FIRST = { pageSize: 0, pageToken: '' };

test("another's order is not found, by any method; operators find it", async () => {
  const { id } = await paid();
  const other = shopper();
  const methods = [client.getOrder, client.cancelOrder, client.shipOrder, client.refundOrder];
  for (const method of methods) {
    const expected = { code: 'NOT_FOUND', reason: 'ORDER_NOT_FOUND', metadata: { order_id: id } };
    expect(await failure(method({ id }, other))).toMatchObject(expected);
    expect(await failure(method({ id: randomUUID() }, other))).toMatchObject({ reason: 'ORDER_NOT_FOUND' });
    expect(await failure(method({ id: 'x' }, other))).toMatchObject({ violations: [{ field: 'id' }] });
  }
  const watching = client.watchOrder({ id }, other)[Symbol.asyncIterator]();
  expect(await failure(watching.next())).toMatchObject({ reason: 'ORDER_NOT_FOUND' });
  expect((await client.getOrder({ id }, operator)).order!.id).toBe(id);
});

test('who is nobody, or vouched for by nobody, is not let in', async () => {
  const calls = [
    () => client.createOrder(basket('tee')),
    () => client.getOrder({ id: randomUUID() }),
    () => client.listOrders(FIRST),
    () => client.getOrder({ id: randomUUID() }, { user: { id: 'not-a-uuid', roles: [] } }),
    () => instance.clientOf('inventory').listOrders(FIRST, operator),
  ];
  for (const call of calls) expect(await failure(call())).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('orders are listed newest first, page by page; each sees their own, operators all', async () => {
  const me = shopper();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await paid(me)).id);
  const listed: string[] = [];
  let pageToken = '';
  do {
    const page = await client.listOrders({ pageSize: 2, pageToken }, me);
    listed.push(...page.orders.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(listed).toEqual(ids);
  expect((await client.listOrders(FIRST, shopper())).orders).toEqual([]);
  const newest = await paid();
  expect((await client.listOrders({ pageSize: 1, pageToken: '' }, operator)).orders.map(({ id }) => id)).toEqual([
    newest.id,
  ]);
});

test.each([
  [{ pageSize: -1, pageToken: '' }, 'page_size'],
  [{ pageSize: 201, pageToken: '' }, 'page_size'],
  [{ pageSize: 1, pageToken: 'nonsense' }, 'page_token'],
  [{ pageSize: 1, pageToken: Buffer.from('o1:not-a-uuid').toString('base64url') }, 'page_token'],
  [{ pageSize: 1, pageToken: `${Buffer.from(`o1:${randomUUID()}`).toString('base64url')}=` }, 'page_token'],
])('a bad page is told so: %j', async (request, field) => {
  expect(await failure(client.listOrders(request, shopper()))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field }],
  });
});

test('a watcher is told each state until the last, whichever instance brings it about', async () => {
  const [me, other] = [shopper(), await shop.instance()];
  const { id } = await paid(me);
  const seen: number[] = [];
  for await (const { order } of client.watchOrder({ id }, me)) {
    seen.push(order!.status);
    if (order!.status === Order_Status.PAID) void other.client.refundOrder({ id }, operator);
  }
  expect(seen[0]).toBe(Order_Status.PAID);
  expect(seen.at(-1)).toBe(Order_Status.REFUNDED);
});

test('an order that is over is told once', async () => {
  const { id } = await paid();
  await client.shipOrder({ id }, operator);
  const seen: number[] = [];
  for await (const { order } of client.watchOrder({ id }, operator)) seen.push(order!.status);
  expect(seen).toEqual([Order_Status.SHIPPED]);
});

test('watchers are bounded, and their room is free again when they leave', async () => {
  const { id } = await paid();
  const watch = () =>
    client.watchOrder({ id }, operator)[Symbol.asyncIterator]() as AsyncIterator<WatchOrderResponse, undefined>;
  const watchers = [watch(), watch(), watch()];
  for (const watcher of watchers) await watcher.next();
  expect(await failure(watch().next())).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  for (const watcher of watchers) await watcher.return?.();
  await eventually(async () => {
    const watcher = watch();
    expect((await watcher.next()).value?.order?.id).toBe(id);
    await watcher.return?.();
  });
});

test('an instance that leaves sends its watchers elsewhere, at once', async () => {
  const leaving = await shop.instance();
  const { id } = await paid();
  const watching = leaving.client.watchOrder({ id }, operator)[Symbol.asyncIterator]();
  await watching.next();
  const [error] = await Promise.all([failure(watching.next()), leaving.leave()]);
  expect(error).toMatchObject({ code: 'UNAVAILABLE' });
});

test('the audit alone reads all orders, with what was told of them', async () => {
  const { id } = await paid();
  await client.refundOrder({ id }, operator);
  const records: OrderRecord[] = [];
  for await (const page of instance.clientOf('audit').exportOrders({})) records.push(...page.records);
  const ids = records.map(({ order }) => order!.id);
  expect(ids).toEqual([...ids].sort());
  expect(records.find(({ order }) => order!.id === id)).toMatchObject({
    order: { status: Order_Status.REFUNDED },
    outcomes: [Order_Status.PAID, Order_Status.REFUNDED],
    unfinished: false,
  });
  for (const [caller, code] of [
    ['gateway', 'PERMISSION_DENIED'],
    ['stack', 'PERMISSION_DENIED'],
  ] as const) {
    const stream = instance.clientOf(caller).exportOrders({}, operator)[Symbol.asyncIterator]();
    expect(await failure(stream.next())).toMatchObject({ code });
  }
});
