import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Counter } from './counter.ts';
import { CRASH_POINTS, withCrashPoints, withRecoveryCrashPoints, type CrashPoint } from './crash-points.ts';
import type { Patience } from './patience.ts';
import type { Change, Opening } from './payment.ts';
import type { PaymentStore, UnsettledStore } from './payment-store.ts';
import { createMemoryPaymentStore } from './simulation/memory-payment-store.ts';

const patience: Patience = { signal: new AbortController().signal, remainingMs: () => Infinity };
const intent = { userId: '', amount: { currency: 'EUR', amountMinor: 1 }, tokenHash: '' };

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
  change: changes.map((change) => (store) => store.change('a', change)),
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
    sweep: () => done(undefined),
    claim: () => done([]),
    release: () => done(undefined),
  };
  const crash = (point: CrashPoint) => void happened.push(point);
  const hands = withCrashPoints({ store, counter }, crash);
  const list = withRecoveryCrashPoints(unsettled, crash);
  const seen = new Set<CrashPoint>();
  const uses = [
    ...Object.values(storeUses).flatMap((each) => each.map((use) => () => use(hands.store))),
    ...Object.values(counterUses).map((use) => () => use(hands.counter)),
    ...Object.values(unsettledUses).map((use) => () => use(list)),
  ];
  for (const use of uses) {
    happened.length = 0;
    await use();
    const [before, work, after] = happened as [CrashPoint, string, CrashPoint];
    expect(happened).toHaveLength(3);
    expect(work).toBe('done');
    expect(before).toMatch(/\.before$/);
    expect(after).toBe(before.replace(/before$/, 'after'));
    seen.add(before).add(after);
  }
  expect([...seen].toSorted()).toEqual([...CRASH_POINTS].toSorted());
});

test('the README lists every point', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const steps = [...readme.matchAll(/^\| `payment\.([a-z-]+)` /gm)].map(([, step]) => step);
  expect(steps.flatMap((step) => [`payment.${step}.before`, `payment.${step}.after`])).toEqual(CRASH_POINTS);
});
