import { randomUUID } from 'node:crypto';
import { connectDatabase, migrate, type Database, type Queryable } from '@stampede/postgres';
import { silentLogger } from '@stampede/telemetry';
import { listedCrashPoints, useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPorts } from '../create-ports.ts';
import { CRASH_POINTS, type CrashPoint, type Step } from '../domain/crash-points.ts';
import type { Request } from '../domain/decide.ts';
import type { ReservationState } from '../domain/reservation.ts';
import type { InventoryPorts } from '../rpc/inventory-service.ts';
import { settingsSchema } from '../settings.ts';

const unitPrice = { currency: 'EUR', amountMinor: 100 };
const sku = 'thing';
let database: Database;
let ports: InventoryPorts;
const happened: string[] = [];

/** Statements that write are told, and so is every commit; one that is no part of a transaction is both. */
function watched(bare: Database): Database {
  const told = (on: Queryable, commits: boolean): Queryable => ({
    async query<Row extends object>(...statement: Parameters<Queryable['query']>) {
      const rows = await on.query<Row>(...statement);
      if (/^\s*(WITH[^]*)?(INSERT|UPDATE|DELETE)\b/.test(statement[0]))
        happened.push('wrote', ...(commits ? ['COMMIT'] : []));
      return rows;
    },
  });
  return {
    ...bare,
    ...told(bare, true),
    async transaction(work, options) {
      const result = await bare.transaction((tx) => work(told(tx, false)), options);
      happened.push('COMMIT');
      return result;
    },
  };
}

beforeAll(async () => {
  const { url } = await useDatabase('inventory');
  const log = silentLogger();
  await migrate({ url, directory: new URL('./migrations/', import.meta.url), log });
  database = connectDatabase({ url, applicationName: 'spec', pipeline: true });
  const settings = settingsSchema.parse({});
  const crash = (point: CrashPoint) => void happened.push(point);
  ports = createPorts(watched(database), database, () => settings, crash);
  await ports.products.create({ sku, title: 'A thing', unitPrice, available: 100 });
});
afterAll(() => database.close());

const reserve = (quantity = 1): Request => ({
  kind: 'reserve',
  orderId: randomUUID(),
  lines: [{ sku, quantity, expectedUnitPrice: unitPrice }],
});

type Prepared = readonly [before: Request | undefined, request: Request];

/** How each state comes to be, by each way there is; a state or a kind of request that is new does not compile until it is here. */
const ways: Readonly<
  Record<ReservationState | 'tombstone', readonly [Step, Readonly<Record<Request['kind'], Prepared | undefined>>]>
> = {
  HELD: ['hold', { reserve: [undefined, reserve()], commit: undefined, release: undefined }],
  REFUSED: ['refuse', { reserve: [undefined, reserve(101)], commit: undefined, release: undefined }],
  COMMITTED: ['sell', { reserve: undefined, commit: after(reserve(), 'commit'), release: undefined }],
  RELEASED: ['release', { reserve: undefined, commit: undefined, release: after(reserve(), 'release') }],
  tombstone: [
    'tombstone',
    { reserve: undefined, commit: undefined, release: [undefined, { kind: 'release', orderId: randomUUID() }] },
  ],
};

function after(held: Request, kind: 'commit' | 'release'): Prepared {
  return [held, { kind, orderId: held.orderId }];
}

/** Every method of the ports: those that only read are tried. One that is new does not compile until it is here. */
const uses: {
  readonly [Port in Exclude<keyof InventoryPorts, 'newId'>]: Readonly<
    Record<keyof InventoryPorts[Port], ((port: InventoryPorts[Port]) => Promise<unknown>) | 'decides' | 'for operators'>
  >;
} = {
  reservations: { decide: 'decides', commitHeld: 'decides' },
  products: {
    list: (products) => products.list('', 1),
    find: (products) => products.find([sku]),
    create: 'for operators',
    restock: 'for operators',
  },
  books: { balances: (books) => books.balances(), reservations: (books) => books.reservations(undefined, 1) },
};

test('each commit on the way of an order has a point before it, one when all but the commit is done, and one after', async () => {
  const seen: string[] = [];
  for (const [step, kinds] of Object.values(ways)) {
    for (const [prepare, request] of Object.values(kinds).filter((way) => way !== undefined)) {
      if (prepare !== undefined) await ports.reservations.decide(prepare);
      happened.length = 0;
      await ports.reservations.decide(request);
      const points = [`inventory.${step}.before`, `inventory.${step}.written`, `inventory.${step}.after`];
      const writes = happened.filter((each) => each === 'wrote');
      // Reservations are expected to be held: whether they are is known only afterwards.
      const attempt = request.kind === 'reserve' ? ['inventory.hold.before'] : [];
      const begin = step === 'hold' ? attempt : [...attempt, points[0]];
      expect(happened).toEqual([...begin, ...writes, points[1], 'COMMIT', points[2]]);
      expect(writes.length).toBeGreaterThan(0);
      seen.push(...points);
      // Asked again it commits nothing, and has no point.
      happened.length = 0;
      await ports.reservations.decide(request);
      expect(happened).toEqual(step === 'refuse' ? ['COMMIT'] : [...attempt, 'COMMIT']);
    }
  }
  expect(seen).toEqual(CRASH_POINTS);
});

test('so have the reservations that are committed together', async () => {
  const held = [reserve(), reserve()];
  for (const request of held) await ports.reservations.decide(request);
  const orderIds = held.map(({ orderId }) => orderId);
  happened.length = 0;
  await ports.reservations.commitHeld(orderIds);
  const points = ['before', 'written', 'after'].map((moment) => `inventory.sell.${moment}`);
  expect(happened).toEqual([points[0], 'wrote', points[1], 'COMMIT', points[2]]);
});

test('what only reads has no point and writes nothing', async () => {
  for (const port of ['reservations', 'products', 'books'] as const) {
    expect(Object.keys(uses[port]).toSorted()).toEqual(Object.keys(ports[port]).toSorted());
  }
  const { list, find } = uses.products;
  const { balances, reservations } = uses.books;
  happened.length = 0;
  for (const read of [list, find]) if (typeof read === 'function') await read(ports.products);
  for (const read of [balances, reservations]) if (typeof read === 'function') await read(ports.books);
  expect(happened).toEqual([]);
});

test('the list in the README of order has every point', async () => {
  expect(await listedCrashPoints(new URL('../../../order/README.md', import.meta.url), 'inventory')).toEqual(
    CRASH_POINTS,
  );
});
