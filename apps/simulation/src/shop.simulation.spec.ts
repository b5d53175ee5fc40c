import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { anyHistory, inWords, newTally } from './any-history.ts';
import { arbitraryPlan } from './arbitrary-plan.ts';
import { FIXED, mostRuns, replayed } from './runs.ts';
import { runHistory } from './run-history.ts';

const tally = newTally();
afterAll(() => void process.stdout.write(`the shop: ${inWords(tally)}`));

describe('whatever is lost, late, doubled, parted, frozen, killed: when all has come to rest, every book is right', () => {
  test('in the histories that the mutants are caught by', async () => {
    await fc.assert(anyHistory(tally), FIXED);
  }, 300_000);

  test('in others each time', async () => {
    const { numRuns, limitMs } = mostRuns();
    await fc.assert(anyHistory(tally), {
      numRuns,
      ...replayed(),
      ...(limitMs !== undefined && { interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false }),
    });
  }, 86_400_000);
});

test('the same seed is the same history, to the last message, and another seed another', async () => {
  for (const plan of fc.sample(arbitraryPlan, { numRuns: 20, seed: 1 })) {
    const hashOf = async (seed: number) => {
      const hash = createHash('sha256');
      await runHistory({ plan, seed, onMessage: (line) => void hash.update(`${line}\n`) });
      return hash.digest('hex');
    };
    const [one, again, other] = [await hashOf(7), await hashOf(7), await hashOf(8)];
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  }
}, 60_000);

test('the histories came by everything that can become of an order, and by what is rare', () => {
  expect([...tally.reached].toSorted()).toEqual(
    expect.arrayContaining([
      ...[
        'CANCELLED',
        'EXPIRED',
        'PAID',
        'PAYMENT_FAILED',
        'PENDING',
        'REFUNDED',
        'REJECTED',
        'SHIPPED',
        'UNWINDING',
      ].map((status) => `order ${status}`),
      ...['COMMITTED', 'REFUSED', 'RELEASED', 'tombstone'].map((state) => `stock ${state}`),
      ...['CHARGED', 'DECLINED', 'REFUNDED', 'VOIDED', 'tombstone'].map((state) => `money ${state}`),
      ...[
        'a batch of several',
        'a batch that is held',
        'a batch out of the ordinary',
        'a message of several',
        'a message late',
        'a call repeated',
        'a call refused',
        'a connection lost',
      ],
      ...['a fading instance gone', 'a frozen process called', 'a successor reached at the same address'],
    ]),
  );
});
