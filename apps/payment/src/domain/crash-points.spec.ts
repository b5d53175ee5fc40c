import { listedCrashPoints } from '@stampede/testing';
import { expect, test } from 'vitest';
import type { Counter } from './counter.ts';
import { CRASH_POINTS, withCrashPoints, withRecoveryCrashPoints, type CrashPoint } from './crash-points.ts';
import type { Patience } from './patience.ts';
import type { Change, Opening, Payment } from './payment.ts';
import type { PaymentStore, UnsettledStore } from './payment-store.ts';
import { createMemoryPaymentStore } from './simulation/memory-payment-store.ts';

const patience: Patience = { signal: new AbortController().signal, remainingMs: () => Infinity };
const intent = { userId: '', amount: { currency: 'EUR', amountMinor: 1 }, tokenHash: '' };

const payment: Payment = { state: 'INTENDED', orderId: 'a', intent, createTime: new Date(0), updateTime: new Date(0) };
const openings: readonly Opening[] = [
  { state: 'INTENDED', orderId: 'a', intent },
  { state: 'VOIDED', orderId: 'b' },
];
const changes: readonly Change[] = [
  { from: 'INTENDED', to: 'CHARGED' },
  { from: 'INTENDED', to: 'DECLINED', declineCode: 'x' },
  { from: 'INTENDED', to: 'VOIDING' },
  { from: 'VOIDING', to: 'VOIDED' },
  { from: 'VOIDING', to: 'REFUNDED' },
  { from: 'CHARGED', to: 'REFUNDING' },
  { from: 'REFUNDING', to: 'REFUNDED' },
];

/** Every way to use a hand; a method that is new to a port does not compile until it is here. */
const storeUses: Readonly<Record<keyof PaymentStore, readonly ((store: PaymentStore) => Promise<unknown>)[]>> = {
  begin: openings.map((opening) => (store) => store.begin(opening)),
  change: changes.map((change) => (store) => store.change(payment, change)),
  find: [],
};
const counterUses: Readonly<Record<keyof Counter, (counter: Counter) => Promise<unknown>>> = {
  charge: (counter) => counter.charge({ key: 'a', amount: intent.amount, token: '' }, patience),
  lookup: (counter) => counter.lookup('a', patience),
  cancel: (counter) => counter.cancel('a', patience),
  refund: (counter) => counter.refund('a', patience),
};

const unsettledUses: Readonly<Record<keyof UnsettledStore, (unsettled: UnsettledStore) => Promise<unknown>>> = {
  sweep: (unsettled) => unsettled.sweep(1),
  claim: (unsettled) => unsettled.claim({ leaseMs: 1, maxLeaseMs: 1, limit: 1 }),
  release: (unsettled) => unsettled.release([]),
};

test('there is a point before and after every commit and every question to the provider, and no other', async () => {
  const happened: string[] = [];
  const store = createMemoryPaymentStore((moment) => {
    if (moment === 'request') happened.push('done');
    return Promise.resolve();
  });
  const done = <T>(value: T) => {
    happened.push('done');
    return Promise.resolve(value);
  };
  const counter: Counter = {
    charge: () => done({ status: 'unknown' }),
    lookup: () => done({ status: 'absent' }),
    cancel: () => done({ status: 'cancelled' }),
    refund: () => done({ status: 'refunded' }),
  };
  const unsettled: UnsettledStore = {
    sweep: async (_staleMs, written) => {
      await written?.();
      return done(undefined);
    },
    claim: () => done([]),
    release: () => done(undefined),
  };
  const crash = (point: CrashPoint) => void happened.push(point);
  const hands = withCrashPoints({ store, counter }, crash);
  const list = withRecoveryCrashPoints(unsettled, crash);
  for (const [port, portUses] of [
    [hands.store, storeUses],
    [hands.counter, counterUses],
    [list, unsettledUses],
  ] as const) {
    expect(Object.keys(portUses).toSorted()).toEqual(Object.keys(port).toSorted());
  }
  const seen = new Set<CrashPoint>();
  const uses = [
    ...Object.values(storeUses).flatMap((each) => each.map((use) => () => use(hands.store))),
    ...Object.values(counterUses).map((use) => () => use(hands.counter)),
    ...Object.values(unsettledUses).map((use) => () => use(list)),
  ];
  for (const use of uses) {
    happened.length = 0;
    await use();
    const points = happened.filter((each) => each !== 'done') as CrashPoint[];
    const step = points[0]?.replace(/\.before$/, '') ?? '';
    const written = step === 'payment.recovery-sweep' ? [`${step}.written`] : [];
    expect(happened).toEqual([`${step}.before`, ...written, 'done', `${step}.after`]);
    for (const point of points) seen.add(point);
  }
  expect([...seen].toSorted()).toEqual([...CRASH_POINTS].toSorted());
});

test('the list in the README of order has every point', async () => {
  expect(await listedCrashPoints(new URL('../../../order/README.md', import.meta.url), 'payment')).toEqual(
    CRASH_POINTS,
  );
});
