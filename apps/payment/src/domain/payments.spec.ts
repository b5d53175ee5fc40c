import { describe, expect, test, vi } from 'vitest';
import { fakeClock } from '@stampede/testing';
import type { RawChargeRequest } from './charge-request.ts';
import { createPayments } from './payments.ts';
import type { Patience } from './patience.ts';
import { createMemoryPaymentStore } from './simulation/memory-payment-store.ts';
import { createMemoryProvider } from './simulation/memory-provider.ts';
import { ORDER, USER } from './simulation/history.ts';

const TIMEOUT_MS = 1_000;
const request: RawChargeRequest = {
  orderId: ORDER,
  userId: USER,
  amount: { currency: 'EUR', amountMinor: 1_999 },
  token: 'tok_visa',
};

type Question = 'charge' | 'lookup' | 'cancel' | 'refund';

function setup() {
  const clock = fakeClock();
  const asked: Question[] = [];
  /** Answers that never come. */
  const silent = new Set<Question>();
  const provider = createMemoryProvider({
    onRequest: (question) => asked.push(question),
    pace: (moment, question) =>
      moment === 'answer' && silent.has(question as Question)
        ? Promise.withResolvers<never>().promise
        : Promise.resolve(),
  });
  const store = createMemoryPaymentStore();
  const onUnknown = vi.fn();
  const payments = createPayments({ store, provider, timers: clock, timeoutMs: () => TIMEOUT_MS, onUnknown });
  const patience = (ms: number): Patience & { readonly gone: AbortController } => {
    const end = clock.monotonic() + ms;
    const gone = new AbortController();
    return { signal: gone.signal, remainingMs: () => Math.max(0, end - clock.monotonic()), gone };
  };
  return { clock, asked, silent, provider, store, payments, patience, onUnknown };
}

describe('what the provider is asked', () => {
  test('a charge that goes well asks once', async () => {
    const { payments, patience, asked } = setup();
    expect((await payments.charge(request, patience(5_000))).state).toBe('CHARGED');
    expect(asked).toEqual(['charge']);
    expect((await payments.charge(request, patience(5_000))).state).toBe('CHARGED');
    expect(asked).toEqual(['charge']);
  });

  test('an answer that is late is looked up', async () => {
    const { payments, patience, asked, silent, clock, onUnknown } = setup();
    silent.add('charge');
    const charging = payments.charge(request, patience(5_000));
    await clock.advance(TIMEOUT_MS - 1);
    expect(asked).toEqual(['charge']);
    await clock.advance(1);
    expect((await charging).state).toBe('CHARGED');
    expect(asked).toEqual(['charge', 'lookup']);
    expect(onUnknown).toHaveBeenCalledExactlyOnceWith('charge', ORDER, undefined);
  });

  test('a provider that answers nothing is asked until the caller’s time is up, with pauses, and never guessed about', async () => {
    const { payments, patience, asked, silent, clock, store } = setup();
    for (const question of ['charge', 'lookup'] as const) silent.add(question);
    const charging = payments.charge(request, patience(4_000));
    const settled = vi.fn();
    charging.catch(settled);
    await clock.advance(3_900);
    expect(settled).not.toHaveBeenCalled();
    await clock.advance(100);
    await expect(charging).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'PAYMENT_OUTCOME_UNKNOWN' });
    expect(asked).toEqual(['charge', 'lookup', 'lookup', 'lookup']);
    expect(store.rows.get(ORDER)?.state).toBe('INTENDED');
  });

  test('a caller that has gone is not worked for', async () => {
    const { payments, patience, silent } = setup();
    silent.add('charge');
    const waiting = patience(5_000);
    const charging = payments.charge(request, waiting);
    waiting.gone.abort();
    await expect(charging).rejects.toMatchObject({ reason: 'PAYMENT_OUTCOME_UNKNOWN' });
  });
});

describe('an intent that somebody left', () => {
  async function left(applied: boolean) {
    const world = setup();
    world.silent.add('charge').add('lookup');
    const charging = world.payments.charge(request, applied ? world.patience(1_000) : world.patience(50));
    charging.catch(() => undefined);
    await world.clock.advance(1_000);
    await expect(charging).rejects.toMatchObject({ reason: 'PAYMENT_OUTCOME_UNKNOWN' });
    world.silent.clear();
    world.asked.length = 0;
    return world;
  }

  test('is looked up before it is charged again', async () => {
    const { payments, patience, asked } = await left(true);
    expect((await payments.charge(request, patience(5_000))).state).toBe('CHARGED');
    expect(asked).toEqual(['lookup']);
  });

  test('is charged when the provider has never heard of it', async () => {
    const { payments, patience, asked } = await left(false);
    expect((await payments.charge(request, patience(5_000))).state).toBe('CHARGED');
    expect(asked).toEqual(['lookup', 'charge']);
  });

  test('is refunded when it turns out to be charged', async () => {
    const { payments, patience, provider } = await left(true);
    expect((await payments.refund(ORDER, patience(5_000))).state).toBe('REFUNDED');
    expect(provider.statement(ORDER)).toMatchObject({ charges: 1, refunds: 1, balanceMinor: 0 });
  });

  test('may still be charged where the provider has not heard of it: a refund says that nothing is known', async () => {
    const { payments, patience, store } = await left(false);
    await expect(payments.refund(ORDER, patience(5_000))).rejects.toMatchObject({ reason: 'PAYMENT_OUTCOME_UNKNOWN' });
    expect(store.rows.get(ORDER)?.state).toBe('INTENDED');
  });

  test('is settled by recovery where the provider knows it, and left alone where it does not', async () => {
    const known = await left(true);
    const row = known.store.rows.get(ORDER)!;
    expect((await known.payments.settle(row, known.patience(5_000)))?.state).toBe('CHARGED');
    const unheard = await left(false);
    expect(await unheard.payments.settle(unheard.store.rows.get(ORDER)!, unheard.patience(5_000))).toBeUndefined();
    expect(unheard.asked).toEqual(['lookup']);
    expect(unheard.store.rows.get(ORDER)?.state).toBe('INTENDED');
  });
});

test('a key that the provider has cancelled by itself is called off here too', async () => {
  const { payments, patience, provider, store } = setup();
  await provider.cancel(ORDER, new AbortController().signal);
  await expect(payments.charge(request, patience(5_000))).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
  expect((await payments.settle(store.rows.get(ORDER)!, patience(5_000)))?.state).toBe('VOIDED');
});

test('a void that the provider does not answer stays begun, and is finished by whoever asks next', async () => {
  const { payments, patience, silent, clock, store } = setup();
  await payments.charge(request, patience(5_000));
  silent.add('refund');
  const voiding = payments.void(ORDER, patience(1_500));
  voiding.catch(() => undefined);
  await clock.advance(1_500);
  await expect(voiding).rejects.toMatchObject({ reason: 'PAYMENT_OUTCOME_UNKNOWN' });
  expect(store.rows.get(ORDER)?.state).toBe('REFUNDING');
  await expect(payments.charge(request, patience(5_000))).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
  silent.clear();
  expect((await payments.void(ORDER, patience(5_000))).state).toBe('REFUNDED');
});
