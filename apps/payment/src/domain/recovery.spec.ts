import { AppError } from '@stampede/errors';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import type { Payment, Settled } from './payment.ts';
import type { Patience } from './patience.ts';
import { createRecovery } from './recovery.ts';

const now = new Date(0);
const intent = { userId: 'u', amount: { currency: 'EUR', amountMinor: 1 }, tokenHash: '' };
const row = (orderId: string, state: 'INTENDED' | 'CHARGED' | 'VOIDING'): Payment => ({
  orderId,
  state,
  intent,
  createTime: now,
  updateTime: now,
});

function setup(
  claimed: readonly Payment[],
  settle: (payment: Payment, patience: Patience) => Promise<Settled | undefined>,
) {
  const clock = fakeClock();
  const claim = vi.fn(() => Promise.resolve(claimed));
  const sweep = vi.fn(() => Promise.resolve());
  const release = vi.fn(() => Promise.resolve());
  const log = { info: vi.fn(), warn: vi.fn() };
  const recovery = createRecovery({
    unsettled: { sweep, claim, release },
    payments: { settle },
    timers: clock,
    settings: () => ({ everyMs: 5_000, staleMs: 30_000, leaseMs: 10_000, maxLeaseMs: 600_000 }),
    log,
  });
  return { clock, claim, release, log, recovery };
}

const voided = (orderId: string): Settled => ({ orderId, state: 'VOIDED', intent, createTime: now, updateTime: now });
const { signal } = new AbortController();

test('what came to an end is taken off the list, by itself or by us; what did not stays', async () => {
  const { recovery, release, log } = setup(
    [
      row('paid', 'CHARGED'),
      row('left', 'VOIDING'),
      row('unheard', 'INTENDED'),
      row('unknown', 'VOIDING'),
      row('broken', 'VOIDING'),
    ],
    async ({ orderId }) => {
      if (orderId === 'unknown') throw new AppError('UNAVAILABLE', 'PAYMENT_OUTCOME_UNKNOWN', 'ask again');
      if (orderId === 'broken') throw new Error('a bug');
      return orderId === 'left' ? voided('left') : undefined;
    },
  );
  expect(await recovery.round(signal)).toBe(2);
  expect(release).toHaveBeenCalledExactlyOnceWith(['paid', 'left']);
  expect(log.info).toHaveBeenCalledTimes(1);
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(log.warn.mock.calls[0]?.[0]).toMatchObject({ orderId: 'broken' });
});

test('nobody works on a claim for longer than it lasts', async () => {
  const remaining: number[] = [];
  const { recovery, clock } = setup([row('left', 'VOIDING')], async (_payment, patience) => {
    remaining.push(patience.remainingMs());
    await clock.advance(4_000);
    remaining.push(patience.remainingMs());
    return undefined;
  });
  await recovery.round(signal);
  expect(remaining).toEqual([10_000, 6_000]);
});

test('it goes round after round, whatever fails, until it is stopped', async () => {
  const { recovery, clock, claim, log } = setup([], async () => undefined);
  claim.mockRejectedValueOnce(new AppError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'away'));
  const stopped = new AbortController();
  const running = recovery.run(stopped.signal);
  await clock.advance(5_000);
  await clock.advance(5_000);
  expect(claim).toHaveBeenCalledTimes(3);
  expect(log.warn).toHaveBeenCalledTimes(1);
  stopped.abort();
  await running;
  await clock.advance(60_000);
  expect(claim).toHaveBeenCalledTimes(3);
});
