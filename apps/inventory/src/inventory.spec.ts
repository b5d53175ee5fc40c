import { randomUUID } from 'node:crypto';
import {
  InventoryServiceDefinition,
  Reservation_State,
  type Reservation,
  type ReservationLine,
  type StockBalance,
} from '@stampede/contracts';
import type { AppError } from '@stampede/errors';
import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { createChannel, createClient, createServer, staticDiscovery, type Client } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsOf, createPorts } from './create-ports.ts';
import { inventoryService } from './rpc/inventory-service.ts';
import { settingsSchema } from './settings.ts';

type Inventory = Client<InventoryServiceDefinition>;

const log = silentLogger();
const secret = 'a secret of these tests';
const operator = { id: randomUUID(), roles: ['operator'] };
const price = { currency: 'EUR', amountMinor: 1999 };
const open = new AsyncDisposableStack();

let url: string;
let order: Inventory;
let gateway: Inventory;
let audit: Inventory;

/** One instance of the service, with pools and a port of its own. */
async function startInstance(instance: string): Promise<string> {
  const settings = settingsSchema.parse({});
  const connect = (): Database => {
    const database = connectDatabase({ url, applicationName: instance, log, ...connectionsOf(settings) });
    open.defer(() => database.close());
    return database;
  };
  const server = createServer({ service: 'inventory', instance, log, secret, usersFrom: ['gateway'] });
  server.add(InventoryServiceDefinition, inventoryService(createPorts(connect(), connect(), () => settings)));
  const address = await server.listen();
  open.defer(() => server.drain({ timeoutMs: 1_000 }));
  server.setServing(true);
  return address;
}

beforeAll(async () => {
  ({ url } = await useDatabase('inventory'));
  await migrate({ url, directory: new URL('./store/migrations/', import.meta.url), log });
  const discovery = staticDiscovery({
    inventory: await Promise.all(['one', 'two'].map((name) => startInstance(name))),
  });
  const clientOf = (service: string, proof = secret) => {
    const channel = createChannel({ service: 'inventory', discovery, caller: { service, secret: proof }, log });
    open.defer(() => channel.close());
    return createClient(InventoryServiceDefinition, channel);
  };
  [order, gateway, audit] = [clientOf('order'), clientOf('gateway'), clientOf('audit')];
});
afterAll(() => open.disposeAsync());

let skus = 0;
async function newProduct(available: number): Promise<string> {
  const sku = `sku-${(skus += 1)}`;
  await gateway.createProduct({ sku, title: 'A thing', unitPrice: price, available }, { user: operator });
  return sku;
}

const line = (sku: string, quantity = 1): ReservationLine => ({ sku, quantity, expectedUnitPrice: price });
const available = async (sku: string) => (await order.getProduct({ sku })).product!.available;
const failure = (call: Promise<unknown>): Promise<AppError | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => error as AppError,
  );

/** Calls `work` for 0 … count − 1, `width` at a time. */
async function crowd(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function balances(): Promise<Map<string, StockBalance>> {
  const all = new Map<string, StockBalance>();
  for await (const page of audit.exportStock({})) for (const balance of page.balances) all.set(balance.sku, balance);
  return all;
}

describe('reservations', () => {
  test('500 orders, 64 at a time over two instances, for 100 units: exactly 100 get one', async () => {
    const sku = await newProduct(100);
    const outcomes = new Map<string, number>();
    await crowd(500, 64, async () => {
      const error = await failure(order.reserveStock({ orderId: randomUUID(), lines: [line(sku)] }));
      const outcome = error === undefined ? 'HELD' : `${error.code} ${error.reason}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    });
    expect(Object.fromEntries(outcomes)).toEqual({ HELD: 100, 'FAILED_PRECONDITION OUT_OF_STOCK': 400 });
    expect(await available(sku)).toBe(0);
    expect((await balances()).get(sku)).toMatchObject({ initial: 100, available: 0, held: 100, sold: 0 });
  });

  test('several SKUs in opposite orders, at once, over two instances: nobody waits for ever, every unit is found again', async () => {
    const [a, b, c] = [await newProduct(1_000), await newProduct(1_000), await newProduct(1_000)];
    const orders = [
      [line(a), line(b), line(c)],
      [line(c), line(b), line(a)],
      [line(b), line(a), line(b)],
    ];
    await crowd(300, 64, async (index) => {
      const orderId = randomUUID();
      await order.reserveStock({ orderId, lines: orders[index % 3]! });
      if (index % 2 === 0) await order.releaseReservation({ orderId });
      else await order.commitReservation({ orderId });
    });
    expect([await available(a), await available(b), await available(c)]).toEqual([850, 800, 900]);
    expect((await balances()).get(b)).toMatchObject({ initial: 1_000, held: 0, sold: 200 });
  });

  test('the same order ten times at once is one reservation; later it is the same again, refusals too', async () => {
    const sku = await newProduct(2);
    const orderId = randomUUID();
    const ask = (quantity: number) => order.reserveStock({ orderId, lines: [line(sku, quantity)] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(2)));
    const { reservation } = answers[0]!;
    expect(reservation).toMatchObject({ orderId, state: Reservation_State.HELD, reason: '', lines: [line(sku, 2)] });
    for (const answer of answers) expect(answer).toEqual({ reservation });
    expect(await available(sku)).toBe(0);
    expect(await failure(ask(1))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'RESERVATION_MISMATCH' });

    const refused = { orderId: randomUUID(), lines: [line(sku)] };
    const first = await failure(order.reserveStock(refused));
    await gateway.restockProduct({ sku, quantity: 5, requestId: '' }, { user: operator });
    const second = await failure(order.reserveStock(refused));
    for (const error of [first, second]) {
      expect(error).toMatchObject({ reason: 'OUT_OF_STOCK', metadata: { sku, available: '0' } });
    }
    expect(await available(sku)).toBe(5);
  });

  test('refusals of price and SKU say what a shop needs to go on', async () => {
    const sku = await newProduct(1);
    const other = { sku, quantity: 1, expectedUnitPrice: { currency: 'EUR', amountMinor: 1 } };
    expect(await failure(order.reserveStock({ orderId: randomUUID(), lines: [other] }))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'PRICE_CHANGED',
      metadata: { sku, currency: 'EUR', amount_minor: '1999' },
    });
    expect(await failure(order.reserveStock({ orderId: randomUUID(), lines: [line('none')] }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'UNKNOWN_SKU',
      metadata: { sku: 'none' },
    });
  });

  test('a release gives back what was held or sold, once; committing it afterwards is refused', async () => {
    const sku = await newProduct(10);
    const [held, sold] = [randomUUID(), randomUUID()];
    for (const orderId of [held, sold]) await order.reserveStock({ orderId, lines: [line(sku, 2), line(sku, 3)] });
    const committed = await order.commitReservation({ orderId: sold });
    expect(committed.reservation?.state).toBe(Reservation_State.COMMITTED);
    expect(await order.commitReservation({ orderId: sold })).toEqual(committed);
    expect((await balances()).get(sku)).toMatchObject({ available: 0, held: 5, sold: 5 });
    for (const orderId of [held, sold, held, sold]) {
      expect((await order.releaseReservation({ orderId })).reservation).toMatchObject({
        orderId,
        state: Reservation_State.RELEASED,
        lines: [line(sku, 2), line(sku, 3)],
      });
    }
    expect(await available(sku)).toBe(10);
    expect(await failure(order.commitReservation({ orderId: sold }))).toMatchObject({ reason: 'RESERVATION_RELEASED' });
  });

  test('many are committed at once, again and again; those that cannot be are named with the reason', async () => {
    const sku = await newProduct(10);
    const [held, committed, released, refused, unseen] = Array.from({ length: 5 }, () => randomUUID());
    for (const orderId of [held!, committed!, released!]) await order.reserveStock({ orderId, lines: [line(sku)] });
    await order.commitReservation({ orderId: committed! });
    await order.releaseReservation({ orderId: released! });
    await failure(order.reserveStock({ orderId: refused!, lines: [line(sku, 100)] }));
    const orderIds = [held!, committed!, released!.toUpperCase(), refused!, unseen!, held!];
    for (let time = 1; time <= 2; time += 1) {
      const { failures } = await order.batchCommitReservations({ orderIds });
      expect(failures).toEqual([
        { orderId: released, reason: 'RESERVATION_RELEASED' },
        { orderId: refused, reason: 'RESERVATION_NOT_HELD' },
        { orderId: unseen, reason: 'RESERVATION_NOT_HELD' },
      ]);
      expect((await balances()).get(sku)).toMatchObject({ available: 8, held: 0, sold: 2 });
    }
  });

  test('a batch of commits says which of its ids is none, and how many there may be', async () => {
    const wrong = await failure(order.batchCommitReservations({ orderIds: [randomUUID(), 'x', randomUUID(), ''] }));
    expect(wrong).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(wrong?.violations.map(({ field }) => field)).toEqual(['order_ids[1]', 'order_ids[3]']);
    for (const orderIds of [[], Array.from({ length: 1_001 }, () => randomUUID())]) {
      const error = await failure(order.batchCommitReservations({ orderIds }));
      expect(error?.violations.map(({ field }) => field)).toEqual(['order_ids']);
    }
  });

  test('commits, one by one and together, and releases race: each order ends sold or given back, and no unit is lost', async () => {
    const sku = await newProduct(200);
    const orderIds = Array.from({ length: 200 }, () => randomUUID());
    await crowd(200, 64, async (index) => {
      await order.reserveStock({ orderId: orderIds[index]!, lines: [line(sku)] });
    });
    const together = async (ids: readonly string[]) => {
      const { failures } = await order.batchCommitReservations({ orderIds: [...ids] });
      for (const { reason } of failures) expect(reason).toBe('RESERVATION_RELEASED');
    };
    await Promise.all([
      together(orderIds),
      together(orderIds.toReversed()),
      crowd(200, 32, async (index) => {
        const orderId = orderIds[index]!;
        if (index % 2 === 0) await order.releaseReservation({ orderId });
        else await order.commitReservation({ orderId });
      }),
    ]);
    expect((await balances()).get(sku)).toMatchObject({ available: 100, held: 0, sold: 100 });
    expect(await available(sku)).toBe(100);
  });

  test('the release of an order never seen leaves a tombstone that a later reservation meets', async () => {
    const sku = await newProduct(1);
    const orderId = randomUUID();
    expect(await failure(order.commitReservation({ orderId }))).toMatchObject({ reason: 'RESERVATION_NOT_HELD' });
    const tombstone = await order.releaseReservation({ orderId: orderId.toUpperCase() });
    expect(tombstone.reservation).toMatchObject({ orderId, state: Reservation_State.RELEASED, lines: [] });
    const late = { orderId, lines: [line(sku)] };
    expect(await failure(order.reserveStock(late))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'RESERVATION_RELEASED',
    });
    expect(await available(sku)).toBe(1);
  });

  test('reserve and release of one order racing: either the units are back or they were never taken', async () => {
    const sku = await newProduct(50);
    await crowd(50, 25, async () => {
      const orderId = randomUUID();
      const lines = [line(sku)];
      const [reserved] = await Promise.all([
        failure(order.reserveStock({ orderId, lines })),
        order.releaseReservation({ orderId }),
      ]);
      expect([undefined, 'RESERVATION_RELEASED']).toContain(reserved?.reason);
    });
    expect((await balances()).get(sku)).toMatchObject({ available: 50, held: 0, sold: 0 });
  });

  test('every verdict can be read, with its lines and reason', async () => {
    const sku = await newProduct(1);
    const lines = [line(sku)];
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    await order.reserveStock({ orderId: ids[0]!, lines });
    await failure(order.reserveStock({ orderId: ids[1]!, lines }));
    await order.releaseReservation({ orderId: ids[2]! });
    const all = new Map<string, Reservation>();
    for await (const page of audit.exportReservations({})) for (const it of page.reservations) all.set(it.orderId, it);
    expect(ids.map((id) => all.get(id))).toMatchObject([
      { state: Reservation_State.HELD, lines, reason: '' },
      { state: Reservation_State.REFUSED, lines, reason: 'OUT_OF_STOCK' },
      { state: Reservation_State.RELEASED, lines: [], reason: '' },
    ]);
    expect(all.size).toBeGreaterThan(500); // several pages
  });
});

describe('products', () => {
  test('are listed by SKU, page by page', async () => {
    const made = [await newProduct(0), await newProduct(0), await newProduct(0)];
    const listed: string[] = [];
    for (let pageToken = ''; ;) {
      const page = await order.listProducts({ pageSize: 2, pageToken });
      expect(page.products.length).toBeLessThanOrEqual(2);
      listed.push(...page.products.map(({ sku }) => sku));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(listed).toEqual(listed.toSorted());
    expect(listed).toEqual(expect.arrayContaining(made));
    expect((await order.listProducts({ pageSize: 0, pageToken: '' })).products.length).toBe(
      Math.min(50, listed.length),
    );
    const { products } = await order.batchGetProducts({ skus: [made[1]!, 'none', made[0]!] });
    expect(products.map(({ sku }) => sku)).toEqual([made[0], made[1]].toSorted());
    expect(await failure(order.getProduct({ sku: 'none' }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'UNKNOWN_SKU',
    });
  });

  test('a SKU is taken once', async () => {
    const sku = await newProduct(1);
    const again = gateway.createProduct({ sku, title: 'x', unitPrice: price, available: 5 }, { user: operator });
    expect(await failure(again)).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'PRODUCT_EXISTS', metadata: { sku } });
    expect(await available(sku)).toBe(1);
  });

  test('a restock counts once a request id, and each time without one', async () => {
    const sku = await newProduct(1);
    const restock = (quantity: number, requestId: string, of = sku) =>
      gateway.restockProduct({ sku: of, quantity, requestId }, { user: operator });
    const requestId = randomUUID();
    await Promise.all(Array.from({ length: 5 }, () => restock(10, requestId)));
    expect(await available(sku)).toBe(11);
    expect(await failure(restock(11, requestId))).toMatchObject({ reason: 'RESTOCK_MISMATCH' });
    expect(await failure(restock(10, requestId, await newProduct(0)))).toMatchObject({ reason: 'RESTOCK_MISMATCH' });
    await restock(10, '');
    expect((await restock(10, '')).product).toMatchObject({ sku, available: 31 });
    expect((await balances()).get(sku)).toEqual({ sku, initial: 1, restocked: 30, available: 31, held: 0, sold: 0 });
    expect(await failure(restock(1, '', 'none'))).toMatchObject({ code: 'NOT_FOUND', reason: 'UNKNOWN_SKU' });
  });

  test('no more than a count can hold', async () => {
    const sku = await newProduct(1_000_000_000);
    const restock = () => gateway.restockProduct({ sku, quantity: 1_000_000_000, requestId: '' }, { user: operator });
    await restock();
    expect(await failure(restock())).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'STOCK_LIMIT_EXCEEDED' });
    expect((await balances()).get(sku)).toMatchObject({ restocked: 1_000_000_000, available: 2_000_000_000 });
  });
});

describe('access', () => {
  const lines = [line('any')];
  test.each<[string, () => Promise<unknown>]>([
    ['reserve', () => gateway.reserveStock({ orderId: randomUUID(), lines }, { user: operator })],
    ['commit', () => gateway.commitReservation({ orderId: randomUUID() }, { user: operator })],
    ['commit many', () => gateway.batchCommitReservations({ orderIds: [randomUUID()] }, { user: operator })],
    ['release', () => audit.releaseReservation({ orderId: randomUUID() })],
    ['read the stock ledger', () => gateway.exportStock({})[Symbol.asyncIterator]().next()],
    ['read the verdicts', () => order.exportReservations({})[Symbol.asyncIterator]().next()],
  ])('%s: only the service that is meant to', async (_, call) => {
    expect(await failure(call())).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  test('products are made and restocked by operators alone, on the word of the gateway alone', async () => {
    const product = { sku: 'forbidden', title: 'x', unitPrice: price, available: 1 };
    const customer = { id: randomUUID(), roles: ['customer'] };
    expect(await failure(gateway.createProduct(product))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await failure(gateway.createProduct(product, { user: customer }))).toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(await failure(order.createProduct(product, { user: operator }))).toMatchObject({ code: 'UNAUTHENTICATED' });
    const restock = { sku: 'forbidden', quantity: 1, requestId: '' };
    expect(await failure(gateway.restockProduct(restock, { user: customer }))).toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(await failure(gateway.restockProduct(restock))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await failure(order.getProduct({ sku: 'forbidden' }))).toMatchObject({ reason: 'UNKNOWN_SKU' });
  });
});

describe('hostile input is INVALID_ARGUMENT and names the field', () => {
  const reserve = (lines: ReservationLine[], orderId: string = randomUUID()) => order.reserveStock({ orderId, lines });
  const create = (over: object) =>
    gateway.createProduct({ sku: 'hostile', title: 'x', unitPrice: price, available: 1, ...over }, { user: operator });
  const restock = (over: object) =>
    gateway.restockProduct({ sku: 'hostile', quantity: 1, requestId: '', ...over }, { user: operator });

  test.each<[string, () => Promise<unknown>]>([
    ['lines[0].quantity', () => reserve([line('a', -1)])],
    ['lines[0].quantity', () => reserve([line('a', 0)])],
    ['lines[1].quantity', () => reserve([line('a'), line('a', 1_000_001)])],
    ['lines[0].quantity', () => reserve([line('a', 2_147_483_647)])],
    ['lines', () => reserve([])],
    ['lines', () => reserve(Array.from({ length: 101 }, () => line('a')))],
    ['lines[0].sku', () => reserve([line('')])],
    ['lines[0].sku', () => reserve([line("a'; DROP TABLE products; --")])],
    ['lines[0].sku', () => reserve([line('a'.repeat(65))])],
    ['lines[0].expected_unit_price', () => reserve([{ ...line('a'), expectedUnitPrice: undefined }])],
    [
      'lines[0].expected_unit_price.amount_minor',
      () => reserve([{ ...line('a'), expectedUnitPrice: { currency: 'EUR', amountMinor: -1 } }]),
    ],
    ['order_id', () => reserve([line('a')], 'not-a-uuid')],
    ['order_id', () => order.commitReservation({ orderId: '' })],
    ['order_id', () => order.releaseReservation({ orderId: `${randomUUID()}0` })],
    ['sku', () => create({ sku: '../../etc' })],
    ['title', () => create({ title: 'nul\0' })],
    ['title', () => create({ title: ' ' })],
    ['title', () => create({ title: 'x'.repeat(201) })],
    ['unit_price', () => create({ unitPrice: undefined })],
    ['unit_price.currency', () => create({ unitPrice: { currency: 'euro', amountMinor: 1 } })],
    ['unit_price.amount_minor', () => create({ unitPrice: { currency: 'EUR', amountMinor: -1 } })],
    ['unit_price.amount_minor', () => create({ unitPrice: { currency: 'EUR', amountMinor: Number.MAX_SAFE_INTEGER } })],
    ['available', () => create({ available: -1 })],
    ['available', () => create({ available: 2_147_483_647 })],
    ['quantity', () => restock({ quantity: 0 })],
    ['quantity', () => restock({ quantity: -5 })],
    ['quantity', () => restock({ quantity: 1_000_000_001 })],
    ['request_id', () => restock({ requestId: 'ü' })],
    ['request_id', () => restock({ requestId: 'x'.repeat(256) })],
    ['sku', () => order.getProduct({ sku: '\0' })],
    ['skus', () => order.batchGetProducts({ skus: [] })],
    ['skus', () => order.batchGetProducts({ skus: Array.from({ length: 201 }, () => 'a') })],
    ['skus[1]', () => order.batchGetProducts({ skus: ['a', '%'] })],
    ['page_size', () => order.listProducts({ pageSize: -1, pageToken: '' })],
    ['page_token', () => order.listProducts({ pageSize: 1, pageToken: '%%%' })],
    ['page_token', () => order.listProducts({ pageSize: 1, pageToken: 'AAAA' })],
  ])('%s (%#)', async (field, call) => {
    const error = await failure(call());
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
    expect(error?.violations.map((violation) => violation.field)).toEqual([field]);
  });
});
