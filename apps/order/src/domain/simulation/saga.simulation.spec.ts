import { fc, test } from '@fast-check/vitest';
import { fakeClock } from '@stampede/testing';
import { describe, expect, test as plainTest } from 'vitest';
import { CRASH_POINTS, type CrashablePorts, type CrashPoint } from '../crash-points.ts';
import { checkWorld } from './check-world.ts';
import { beginHistory, type Deed, type HistoryOptions, type Plan } from './history.ts';
import type { Broken } from './world.ts';

const deed: fc.Arbitrary<Deed> = fc.record({
  atMs: fc.integer({ min: 0, max: 400 }),
  sku: fc.constantFrom('a', 'b'),
  quantity: fc.integer({ min: 1, max: 2 }),
  paymentToken: fc.constantFrom('tok_visa', 'tok_visa', 'tok_declined'),
  patienceMs: fc.constantFrom(0, 50, 1_000),
  twice: fc.boolean(),
  then: fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      verb: fc.constantFrom('cancel', 'cancel', 'refund', 'ship'),
    }),
    { maxLength: 2 },
  ),
});

const fate = fc.constantFrom(0, 0, 0.05, 0.2);

const plan: fc.Arbitrary<Plan> = fc.record({
  deeds: fc.array(deed, { minLength: 1, maxLength: 4 }),
  endings: fc.array(
    fc.option(
      fc.oneof(
        fc.record({
          kind: fc.constant('crash' as const),
          point: fc.constantFrom(...CRASH_POINTS),
          nth: fc.integer({ min: 1, max: 3 }),
        }),
        fc.record({ kind: fc.constant('leave' as const), atMs: fc.integer({ min: 0, max: 500 }) }),
      ),
      { nil: undefined },
    ),
    { minLength: 1, maxLength: 3 },
  ),
  fates: fc.record({ lost: fate, unanswered: fate, late: fate, twice: fate }),
  holdSeconds: fc.constantFrom(0.05, 0.5, 900),
  stock: fc.integer({ min: 1, max: 4 }),
});

/** mulberry32: a small generator with one seed, for all that is left to chance within a history. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets a history run until it is quiet, and the late questions have arrived; answers what is wrong with it. */
async function live(
  options: Omit<HistoryOptions, 'time' | 'random'>,
  seed: number,
): Promise<{ wrong: string[]; reached: Set<CrashPoint> }> {
  const clock = fakeClock();
  const history = beginHistory({ ...options, time: clock, random: randomOf(seed) });
  await clock.advance(500);
  for (let seconds = 0; !history.isQuiet() && seconds < 3_600; seconds += 1) await clock.advance(1_000);
  if (!history.isQuiet()) return { wrong: ['it never came to rest'], reached: history.reached };
  await clock.advance(10_000);
  return { wrong: checkWorld(history, options.plan.stock), reached: history.reached };
}

const everReached = new Set<CrashPoint>();

test.prop([plan, fc.integer()], { numRuns: 400 })(
  'whatever is lost, late, doubled, cancelled, killed: every history ends with the books right',
  async (plan, seed) => {
    const { wrong, reached } = await live({ plan }, seed);
    for (const point of reached) everReached.add(point);
    expect(wrong).toEqual([]);
  },
  120_000,
);

plainTest('every named point was reached by those histories', () => {
  expect(CRASH_POINTS.filter((point) => !everReached.has(point))).toEqual([]);
});

describe('a rule left out is noticed', () => {
  const unsound: [string, { broken?: Broken; sabotage?: (ports: CrashablePorts) => CrashablePorts }][] = [
    ['compare-and-set', { broken: { noCompareAndSet: true } }],
    ['tombstones', { broken: { noTombstones: true } }],
    ['work that is taken for done while it is to be undone', { broken: { finishAnyway: true } }],
    ['one charge an order', { broken: { chargeAgain: true } }],
    [
      'unknown is not failed: the charge',
      {
        sabotage: (ports) => ({
          ...ports,
          payments: {
            ...ports.payments,
            charge: (order, token) =>
              ports.payments
                .charge(order, token)
                .catch(() => ({ verdict: 'refused', refusal: { reason: 'OUT_OF_STOCK', metadata: {} } })),
          },
        }),
      },
    ],
    [
      'unknown is not done: the void',
      {
        sabotage: (ports) => ({
          ...ports,
          payments: { ...ports.payments, void: (id) => ports.payments.void(id).catch(() => undefined) },
        }),
      },
    ],
    [
      'nothing is compensated before UNWINDING is committed',
      {
        sabotage: (ports) => ({
          ...ports,
          orders: {
            ...ports.orders,
            change: async (next) => {
              if (next.status === 'UNWINDING') await ports.payments.void(next.id);
              return ports.orders.change(next);
            },
          },
        }),
      },
    ],
    [
      'the stock is released',
      { sabotage: (ports) => ({ ...ports, inventory: { ...ports.inventory, release: () => Promise.resolve() } }) },
    ],
    [
      'the stock of a paid order is sold',
      { sabotage: (ports) => ({ ...ports, inventory: { ...ports.inventory, commit: () => Promise.resolve() } }) },
    ],
    [
      'what was left is taken up',
      { sabotage: (ports) => ({ ...ports, sagas: { ...ports.sagas, claim: () => Promise.resolve([]) } }) },
    ],
  ];

  plainTest.each(unsound)(
    '%s',
    async (_, mutation) => {
      const found = await fc.check(
        fc.asyncProperty(
          plan,
          fc.integer(),
          async (plan, seed) => (await live({ plan, ...mutation }, seed)).wrong.length === 0,
        ),
        { numRuns: 2_000, seed: 1, endOnFailure: true },
      );
      expect(found.failed).toBe(true);
    },
    120_000,
  );
});
