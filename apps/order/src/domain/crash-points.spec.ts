import { listedCrashPoints } from '@stampede/testing';
import { expect, test } from 'vitest';
import { ALL_CRASH_POINTS, withCrashPoints, withPricingCrashPoints, type CrashPoint } from './crash-points.ts';
import { end, pay, ship, unwind, type Pending } from './order.ts';
import type { Change, Draft, Inventory, Orders, Payments, Sagas, Shelves } from './ports.ts';

const now = new Date(0);
const draft: Draft = {
  id: 'a',
  userId: 'u',
  idempotencyKey: 'k',
  requestHash: '',
  lines: [],
  total: { currency: 'EUR', amountMinor: 1 },
  paymentToken: '',
  holdSeconds: 1,
};
const order: Pending = { ...draft, status: 'PENDING', version: 1, createdAt: now, updatedAt: now };
const paid = pay(order);
const unwinding = unwind(order, { reason: 'ORDER_CANCELLED', metadata: {} });

const changes: readonly Change[] = [paid, ship(paid), unwinding, end(unwinding)];

/** What a method does: an outcome that others see, which has a point before and after it, or a look at the own database. */
type Uses<Port> = Readonly<Record<keyof Port, readonly ((port: Port) => Promise<unknown>)[] | 'reads'>>;

// Every way to use a port; a method that is new to one does not compile until it is here.
const ordersUses: Uses<Orders> = {
  place: [(orders) => orders.place(draft)],
  change: changes.map((change) => (orders) => orders.change(change)),
  find: 'reads',
  findByKey: 'reads',
  newer: 'reads',
};
const sagasUses: Uses<Sagas> = {
  claim: [(sagas) => sagas.claim(1)],
  renew: [(sagas) => sagas.renew(['a'])],
  handOver: [(sagas) => sagas.handOver(['a'])],
  finish: [(sagas) => sagas.finish('a')],
  look: 'reads',
};
const inventoryUses: Uses<Inventory> = {
  reserve: [(inventory) => inventory.reserve(order)],
  commit: [(inventory) => inventory.commit('a')],
  release: [(inventory) => inventory.release('a')],
};
const paymentsUses: Uses<Payments> = {
  charge: [(payments) => payments.charge(order, 'tok')],
  void: [(payments) => payments.void('a')],
  refund: [(payments) => payments.refund('a')],
};
const shelvesUses: Uses<Shelves> = { read: [(shelves) => shelves.read(['sku'])] };

test('there is a point before and after every commit and every call, and no other', async () => {
  const happened: string[] = [];
  const done = <T>(value: T) => {
    happened.push('done');
    return Promise.resolve(value);
  };
  const bare = {
    orders: {
      place: () => done({ placed: true, order }),
      change: () => done(order),
      find: () => done(undefined),
      findByKey: () => done(undefined),
      newer: () => done([]),
    },
    sagas: {
      claim: () => done([]),
      renew: () => done(undefined),
      handOver: () => done(undefined),
      finish: () => done(undefined),
      look: () => done({ order, saga: undefined, taken: false }),
    },
    inventory: {
      reserve: () => done({ verdict: 'held' as const }),
      commit: () => done(undefined),
      release: () => done(undefined),
    },
    payments: {
      charge: () => done({ verdict: 'charged' as const }),
      void: () => done(undefined),
      refund: () => done(undefined),
    },
  };
  const reached = (point: CrashPoint) => void happened.push(point);
  const ports = withCrashPoints(bare, reached);
  const shelves = withPricingCrashPoints({ read: () => done(new Map()) }, reached);
  const seen = new Set<string>();
  const uses = [
    ...usesOf(shelves, shelvesUses),
    ...usesOf(ports.orders, ordersUses),
    ...usesOf(ports.sagas, sagasUses),
    ...usesOf(ports.inventory, inventoryUses),
    ...usesOf(ports.payments, paymentsUses),
  ];
  for (const use of uses) {
    happened.length = 0;
    await use();
    const [before = '', ...rest] = happened;
    expect(before).toMatch(/\.before$/);
    expect(rest).toEqual(['done', before.replace(/before$/, 'after')]);
    seen.add(before).add(rest[1]!);
  }
  expect([...seen].toSorted()).toEqual([...ALL_CRASH_POINTS].toSorted());

  happened.length = 0;
  await Promise.all([ports.orders.find('a'), ports.orders.findByKey('u', 'k'), ports.orders.newer([])]);
  await ports.sagas.look('a');
  expect(happened).toEqual(['done', 'done', 'done', 'done']);
});

function usesOf<Port extends object>(port: Port, uses: Uses<Port>): (() => Promise<unknown>)[] {
  expect(Object.keys(uses).toSorted()).toEqual(Object.keys(port).toSorted());
  const all: Uses<Port>[keyof Port][] = Object.values(uses);
  return all.flatMap((each) => (each === 'reads' ? [] : each.map((use) => () => use(port))));
}

test('the README lists every point', async () => {
  expect(await listedCrashPoints(new URL('../../README.md', import.meta.url), 'order')).toEqual(ALL_CRASH_POINTS);
});
