import { randomUUID } from 'node:crypto';
import { OrderEvent, Order_Status } from '@stampede/contracts';
import { systemClock } from '@stampede/lifecycle';
import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { end, pay, ship, unwind, type Order } from '../domain/order.ts';
import type { Draft } from '../domain/ports.ts';
import { encodeOrderEvent } from '../rpc/order-message.ts';
import { changeOrders } from './change-orders.ts';
import { createDatabaseClock, type DatabaseClock } from './database-clock.ts';
import { createIdMaker } from './new-id.ts';
import { createOrderReader } from './order-reader.ts';
import { createOrderStore } from './order-store.ts';
import { createPlacing } from './place-orders.ts';
import { createSagaStore } from './saga-store.ts';

let db: Database;
let clock: DatabaseClock;
let newId: () => string;

beforeAll(async () => {
  const { url } = await useDatabase('order');
  await migrate({ url, directory: new URL('./migrations/', import.meta.url), log: silentLogger() });
  db = connectDatabase({ url, applicationName: 'spec' });
  clock = await createDatabaseClock(db, systemClock);
  newId = createIdMaker(clock);
});
afterAll(() => db.close());

const leaseOf = (owner: string, seconds = 60) => ({ owner, seconds: () => seconds });
const storeOf = (owner: string, seconds?: number, maxSize = 256) =>
  createOrderStore({
    db,
    lease: leaseOf(owner, seconds),
    clock,
    newId,
    encodeEvent: encodeOrderEvent,
    limits: () => ({ maxSize }),
  });
const sagasOf = (owner: string, seconds?: number) => createSagaStore({ db, lease: leaseOf(owner, seconds) });

function draft(over: Partial<Draft> = {}): Draft {
  const unitPrice = { currency: 'EUR', amountMinor: 1_999 };
  return {
    id: newId(),
    userId: randomUUID(),
    idempotencyKey: randomUUID(),
    requestHash: Buffer.alloc(32, 7).toString('base64url'),
    lines: [{ sku: 'tee', title: `A "tee", {black} \\ {}`, quantity: 2, unitPrice }],
    total: { currency: 'EUR', amountMinor: 3_998 },
    paymentToken: 'tok_visa',
    holdSeconds: 900,
    ...over,
  };
}

async function placed(over: Partial<Draft> = {}, owner = 'a', seconds?: number): Promise<Order> {
  return (await storeOf(owner, seconds).place(draft(over))).order;
}

const count = async (table: string, id: string) => {
  const [row] = await db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE order_id = $1`, [id]);
  return row!.n;
};

test('what was placed is read back as it was answered', async () => {
  const store = storeOf('a');
  const wanted = draft();
  const { order, placed: fresh } = await store.place(wanted);
  expect(fresh).toBe(true);
  expect(await store.find(order.id)).toEqual(order);
  expect(await store.findByKey(wanted.userId, wanted.idempotencyKey)).toEqual(order);
  expect(order).toMatchObject({ status: 'PENDING', version: 1, lines: wanted.lines, requestHash: wanted.requestHash });
  expect(Math.abs(order.createdAt.getTime() - clock.now())).toBeLessThan(5_000);
});

test.each([
  ['a batch each', 1],
  ['one batch', 256],
])('a key is taken once, by ten at once in %s: all are answered by the one order', async (_how, maxSize) => {
  const [userId, idempotencyKey] = [randomUUID(), 'the key'];
  const store = storeOf('a', 60, maxSize);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      (n % 2 === 0 ? store : storeOf('b', 60, maxSize)).place(draft({ userId, idempotencyKey })),
    ),
  );
  expect(answers.filter((answer) => answer.placed)).toHaveLength(1);
  expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
  const other = await storeOf('a').place(draft({ idempotencyKey }));
  expect(other.placed).toBe(true);
});

test('many are placed by one statement, one key among them twice', async () => {
  const [first, second, third] = [draft(), draft(), draft()];
  const again = { ...second, id: newId() };
  const place = createPlacing(db, { lease: leaseOf('a'), clock });
  const answers = await place([first, second, again, third]);
  expect(answers.map((answer) => answer.placed)).toEqual([true, true, false, true]);
  expect(answers.map(({ order }) => order.id)).toEqual([first.id, second.id, second.id, third.id]);
  // Whoever has met a key that was taken looks out for more of them for a while.
  const later = await place([draft(), { ...third, id: newId() }, draft()]);
  expect(later.map((answer) => answer.placed)).toEqual([true, false, true]);
  const all = [...answers, ...later].map(({ order }) => order);
  expect(await Promise.all(all.map(({ id }) => storeOf('a').find(id)))).toEqual(all);
  expect(await Promise.all(all.map(({ id }) => count('sagas', id)))).toEqual(all.map(() => 1));
});

test('two batches with the same keys in opposite orders wait for each other in no circle: each key is placed once', async () => {
  const place = createPlacing(db, { lease: leaseOf('a'), clock });
  for (let round = 0; round < 5; round += 1) {
    const drafts = Array.from({ length: 200 }, () => draft());
    const again = drafts.map((each) => ({ ...each, id: newId() })).reverse();
    const [one, two] = await Promise.all([place(drafts), place(again)]);
    expect([...one, ...two].filter((answer) => answer.placed)).toHaveLength(200);
    expect(two.map(({ order }) => order.id).reverse()).toEqual(one.map(({ order }) => order.id));
  }
});

test('what comes while a statement is at work is written by the next: 300 orders in few transactions', async () => {
  const store = storeOf('a');
  const orders = (await Promise.all(Array.from({ length: 300 }, () => store.place(draft())))).map(({ order }) => order);
  const changed = await Promise.all(orders.map((order) => store.change(pay(order))));
  expect(changed.map((order) => order?.status)).toEqual(orders.map(() => 'PAID'));
  await Promise.all(orders.map(({ id }) => sagasOf('a').finish(id)));
  const [row] = await db.query<{ placed: number; told: number }>(
    `SELECT (SELECT count(DISTINCT xmin::text) FROM sagas WHERE order_id = ANY ($1)) AS placed,
            (SELECT count(DISTINCT xmin::text) FROM outbox WHERE order_id = ANY ($1)) AS told`,
    [orders.map(({ id }) => id)],
  );
  expect(row).toMatchObject({ placed: 0 });
  expect(row!.told).toBeLessThanOrEqual(3);
});

test.each([1, 256])('two changes of one order at once are two steps, in batches of %i', async (maxSize) => {
  const store = storeOf('a', 60, maxSize);
  const orders = await Promise.all([placed(), placed(), placed()]);
  const cancelled = (order: Order) => unwind(order, { reason: 'ORDER_CANCELLED', metadata: {} });
  const answers = await Promise.all(
    orders.flatMap((order) => [store.change(pay(order as never)), store.change(cancelled(order))]),
  );
  expect(answers.map((answer) => answer?.status)).toEqual(orders.flatMap(() => ['PAID', undefined]));
});

test('an order that the database refuses does not take those with it that wait beside it', async () => {
  const store = storeOf('a');
  const bad = draft({ total: { currency: 'EUR', amountMinor: -1 } });
  const settled = await Promise.allSettled([draft(), bad, draft(), draft()].map((each) => store.place(each)));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await store.find(bad.id)).toBeUndefined();
});

test('who gives up before the statement is sent has placed nothing', async () => {
  const store = storeOf('a');
  const late = draft();
  await expect(store.place(late, AbortSignal.abort(new Error('out of time')))).rejects.toThrow('out of time');
  expect(await store.find(late.id)).toBeUndefined();
});

test('of two who change the same version one wins, and the loser wrote nothing', async () => {
  const order = await placed();
  const cancelled = unwind(order, { reason: 'ORDER_CANCELLED', metadata: {} });
  const results = await Promise.all([storeOf('a').change(pay(order)), storeOf('b').change(cancelled)]);
  expect(results.filter((result) => result !== undefined)).toHaveLength(1);
  const now = await storeOf('a').find(order.id);
  expect(now).toEqual(results.find((result) => result !== undefined));
  expect(await count('outbox', order.id)).toBe(now?.status === 'PAID' ? 1 : 0);
});

test('many are changed by one statement, those that lost apart', async () => {
  const [a, b, c] = [await placed(), await placed(), await placed()];
  await storeOf('a').change(pay(b));
  const options = { lease: leaseOf('a'), clock, newId, encodeEvent: encodeOrderEvent };
  const results = await changeOrders(db, [pay(a), pay(b), pay(c)], options);
  expect(results.map((result) => result?.id)).toEqual([a.id, undefined, c.id]);
});

test('each outcome is told by one event that says what the row says; being undone is none', async () => {
  const store = storeOf('a');
  const paid = (await store.change(pay(await placed())))!;
  const unwinding = (await store.change(unwind(paid, { reason: 'ORDER_REFUNDED', metadata: { note: 'ä "quoted"' } })))!;
  const refunded = (await store.change(end(unwinding)))!;
  expect(await store.find(paid.id)).toEqual(refunded);
  expect(refunded).toMatchObject({ status: 'REFUNDED', version: 4, paid: true });
  const events = await db.query<{ id: string; payload: Buffer; status: string }>(
    'SELECT id, payload, status FROM outbox WHERE order_id = $1 ORDER BY version',
    [paid.id],
  );
  const told = events.map(({ payload }) => OrderEvent.decode(payload));
  expect(events.map(({ status }) => status)).toEqual(['PAID', 'REFUNDED']);
  expect(told.map(({ order }) => order?.status)).toEqual([Order_Status.PAID, Order_Status.REFUNDED]);
  expect(told[1]).toMatchObject({ id: events[1]!.id, occurTime: refunded.updatedAt, order: { version: 4 } });
});

test('the saga stays for what is to be undone, and goes with the end', async () => {
  const [store, sagas] = [storeOf('a'), sagasOf('a')];
  const order = await placed();
  const paid = (await store.change(pay(order)))!;
  await sagas.finish(order.id);
  expect(await count('sagas', order.id)).toBe(0);
  const unwinding = (await store.change(unwind(paid, { reason: 'ORDER_CANCELLED', metadata: {} })))!;
  expect(await count('sagas', order.id)).toBe(1);
  await store.change(end(unwinding));
  expect(await count('sagas', order.id)).toBe(0);
});

test('a driver that takes a paid order for done does not take the work from who undoes it', async () => {
  const [store, sagas] = [storeOf('a'), sagasOf('a')];
  const paid = (await store.change(pay(await placed())))!;
  await storeOf('b').change(unwind(paid, { reason: 'ORDER_CANCELLED', metadata: {} }));
  await sagas.finish(paid.id);
  expect(await sagas.look(paid.id)).toMatchObject({ order: { status: 'UNWINDING' }, saga: {}, taken: true });
  expect(await sagasOf('b').look(paid.id)).toMatchObject({ taken: false });
});

test('a shipped order may still have its stock to sell', async () => {
  const [store, sagas] = [storeOf('a'), sagasOf('a')];
  const paid = (await store.change(pay(await placed())))!;
  await store.change(ship(paid));
  expect(await sagas.look(paid.id)).toMatchObject({ order: { status: 'SHIPPED' }, saga: { paymentToken: 'tok_visa' } });
  await sagas.finish(paid.id);
  expect(await sagas.look(paid.id)).toMatchObject({ order: { status: 'SHIPPED' }, saga: undefined, taken: false });
});

test('a saga is claimed when its lease is over, by one of those who ask at once', async () => {
  await db.query('DELETE FROM sagas');
  const held = await placed({}, 'dead', 60);
  const left = await placed({ holdSeconds: -1 }, 'dead', -1);
  const claims = await Promise.all(['a', 'b', 'c'].map((owner) => sagasOf(owner).claim(10)));
  expect(claims.flat()).toEqual([{ order: left, paymentToken: 'tok_visa', expired: true }]);
  expect(await sagasOf('dead').look(held.id)).toMatchObject({ saga: { expired: false }, taken: false });
});

test('who hands over is followed at once; nobody else may hand over or renew', async () => {
  await db.query('DELETE FROM sagas');
  const order = await placed({}, 'a', 60);
  await sagasOf('b').handOver([order.id]);
  expect(await sagasOf('b').claim(10)).toEqual([]);
  await sagasOf('a').handOver([order.id]);
  await sagasOf('b').renew([order.id]);
  expect(await sagasOf('b').claim(10)).toHaveLength(1);
  await sagasOf('a').handOver([order.id]);
  expect(await sagasOf('c').claim(10)).toEqual([]);
});

test('a lease that is renewed does not run out', async () => {
  await db.query('DELETE FROM sagas');
  const order = await placed({}, 'a', -1);
  await sagasOf('a', 60).renew([order.id]);
  expect(await sagasOf('b').claim(10)).toEqual([]);
});

test('only what is newer than known is news', async () => {
  const store = storeOf('a');
  const [first, second] = [await placed(), await placed()];
  const paid = await store.change(pay(second));
  const known = [first, second].map(({ id, version }) => ({ id, version }));
  expect(await store.newer(known)).toEqual([paid]);
});

test('orders are listed newest first, page by page, and exported with what was told of them', async () => {
  const reader = createOrderReader(db);
  const userId = randomUUID();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await placed({ userId })).id);
  const first = await reader.list({ userId, before: undefined, limit: 3 });
  const second = await reader.list({ userId, before: first.at(-1)!.id, limit: 3 });
  expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  expect((await reader.list({ userId: undefined, before: undefined, limit: 1 })).map(({ id }) => id)).toEqual([ids[0]]);

  const store = storeOf('a');
  const paid = await store.change(pay((await store.find(ids[1]!))!));
  await sagasOf('a').finish(ids[1]!);
  const records = await reader.records(ids[2], 2);
  expect(records).toEqual([
    { order: paid, outcomes: ['PAID'], unfinished: false },
    { order: await store.find(ids[0]!), outcomes: [], unfinished: true },
  ]);
});

test('changes of status are HOT: they touch no index', async () => {
  const { url } = await useDatabase('order_hot');
  await migrate({ url, directory: new URL('./migrations/', import.meta.url), log: silentLogger() });
  const fresh = connectDatabase({ url, applicationName: 'spec', max: 2 });
  try {
    const options = { lease: leaseOf('a'), clock, newId, encodeEvent: encodeOrderEvent };
    const place = createPlacing(fresh, options);
    for (let n = 0; n < 20; n += 1) {
      const answers = await place(Array.from({ length: 20 }, () => draft()));
      await changeOrders(
        fresh,
        answers.map(({ order }) => pay(order)),
        options,
      );
    }
    await vi.waitFor(async () => {
      await fresh.query('SELECT pg_stat_force_next_flush()');
      const [row] = await fresh.query<{ updated: number; hot: number }>(
        `SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'orders'`,
      );
      expect(row!.updated).toBe(400);
      expect(row!.hot / row!.updated).toBeGreaterThan(0.95);
    });
  } finally {
    await fresh.close();
  }
});

test('the outbox has a partition for today and for a week', async () => {
  const [row] = await db.query<{ made: number; days: number }>(
    `SELECT outbox_make_partitions(7) AS made, count(*) AS days FROM pg_inherits WHERE inhparent = 'outbox'::regclass`,
  );
  expect(row).toEqual({ made: 0, days: 8 });
  expect(await db.query('SELECT outbox_make_partitions(9) AS made')).toEqual([{ made: 2 }]);
});
