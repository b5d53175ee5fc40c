import type { Linger } from '@stampede/batching';
import { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import { createInventory } from './inventory.ts';

const never = () => Promise.reject(new Error('not asked here'));

/** An inventory that answers with a reason for each of these orders, and commits all others. */
function setUp({
  reasons = {},
  fails,
  linger,
}: {
  readonly reasons?: Readonly<Record<string, string>>;
  readonly fails?: AppError;
  readonly linger?: Linger;
} = {}) {
  const asked: (readonly string[])[] = [];
  const inventory = createInventory({
    client: {
      reserveStock: never,
      releaseReservation: never,
      batchCommitReservations({ orderIds }) {
        asked.push(orderIds);
        if (fails !== undefined) return Promise.reject(fails);
        const failures = orderIds.flatMap((orderId) => {
          const reason = reasons[orderId];
          return reason === undefined ? [] : [{ orderId, reason }];
        });
        return Promise.resolve({ failures });
      },
    },
    deadlineMs: () => 1_000,
    batching: { limits: () => ({ maxSize: 10_000 }), linger },
  });
  return { inventory, asked };
}

test('reservations that are to be committed at once go in one call, as many as the contract takes', async () => {
  const { inventory, asked } = setUp();
  await Promise.all(Array.from({ length: 1_500 }, (_, index) => inventory.commit(`order-${index}`)));
  expect(asked.map(({ length }) => length)).toEqual([1_000, 500]);
});

test('what was given back meanwhile is done; what else cannot be committed fails alone', async () => {
  const { inventory } = setUp({ reasons: { back: 'RESERVATION_RELEASED', odd: 'RESERVATION_NOT_HELD' } });
  const [good, back, odd] = await Promise.allSettled(['good', 'back', 'odd'].map((id) => inventory.commit(id)));
  expect([good?.status, back?.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(odd).toMatchObject({ status: 'rejected', reason: { reason: 'UNFORESEEN_ANSWER' } });
});

test('a call without an answer leaves all that were in it unknown, and is not made again by itself', async () => {
  const fails = new AppError('UNAVAILABLE', 'GONE', 'no answer');
  const { inventory, asked } = setUp({ fails });
  const settled = await Promise.allSettled(['one', 'two'].map((id) => inventory.commit(id)));
  expect(settled).toEqual([fails, fails].map((reason) => ({ status: 'rejected', reason })));
  expect(asked).toEqual([['one', 'two']]);
});

test('a commit waits for company, as long as it may', async () => {
  let go = (): void => undefined;
  const schedule = (_ms: number, run: () => void) => {
    go = run;
    return () => undefined;
  };
  const { inventory, asked } = setUp({ linger: { ms: () => 25, schedule } });
  const first = inventory.commit('first');
  await new Promise((resolve) => setImmediate(resolve));
  const second = inventory.commit('second');
  expect(asked).toEqual([]);
  go();
  await Promise.all([first, second]);
  expect(asked).toEqual([['first', 'second']]);
});
