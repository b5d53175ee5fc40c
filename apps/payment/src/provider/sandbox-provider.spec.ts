import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import { fakeClock, useDatabase } from '@stampede/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { uuidv7 } from 'uuidv7';
import { createSandboxProvider } from './sandbox-provider.ts';

let db: Database;
beforeAll(async () => {
  const { url } = await useDatabase('sandbox');
  const directory = new URL('../store/migrations/', import.meta.url);
  await migrate({ url, directory, log: { info: vi.fn(), warn: vi.fn() } });
  db = connectDatabase({ url, applicationName: 'spec' });
});
afterAll(() => db.close());

const { signal } = new AbortController();
const amount = { currency: 'EUR', amountMinor: 700 };

function setup() {
  const clock = fakeClock();
  const provider = createSandboxProvider({ db, clock, lateMs: () => 3_000 });
  const key = uuidv7();
  const charge = (token: string) => provider.charge({ key, amount, token }, signal);
  const books = async () => (await provider.statements(undefined, 10_000)).find((statement) => statement.key === key);
  return { clock, provider, key, charge, books };
}

test.each([
  ['tok_visa', { status: 'charged' }, 1],
  ['tok_declined', { status: 'declined', declineCode: 'card_declined' }, 0],
  ['anything else', { status: 'declined', declineCode: 'invalid_token' }, 0],
])('%s: the same answer however often, and one charge at most', async (token, outcome, charges) => {
  const { charge, provider, key, books } = setup();
  const answers = await Promise.all(Array.from({ length: 10 }, () => charge(token)));
  for (const answer of [...answers, await charge('tok_visa'), await provider.lookup(key, signal)]) {
    expect(answer).toEqual(outcome);
  }
  expect(await books()).toEqual({ key, charges, refunds: 0, balanceMinor: charges * 700 });
});

test('tok_unknown charges and loses the answer; asked again it tells the truth', async () => {
  const { charge, provider, key, books } = setup();
  expect(await provider.lookup(key, signal)).toEqual({ status: 'absent' });
  await expect(charge('tok_unknown')).rejects.toThrow('hung up');
  expect(await provider.lookup(key, signal)).toEqual({ status: 'charged' });
  expect(await charge('tok_unknown')).toEqual({ status: 'charged' });
  expect(await books()).toMatchObject({ charges: 1 });
});

test('tok_timeout charges and answers late; asked again it answers at once', async () => {
  const { charge, clock, provider, key } = setup();
  const answered = vi.fn();
  const late = charge('tok_timeout').then(answered);
  await vi.waitFor(async () => expect(await provider.lookup(key, signal)).toEqual({ status: 'charged' }));
  expect(await charge('tok_timeout')).toEqual({ status: 'charged' });
  await clock.advance(2_999);
  expect(answered).not.toHaveBeenCalled();
  await clock.advance(1);
  await late;
});

test('a cancelled key is never charged', async () => {
  const { charge, provider, key, books } = setup();
  expect(await provider.cancel(key, signal)).toEqual({ status: 'cancelled' });
  expect(await charge('tok_visa')).toEqual({ status: 'cancelled' });
  expect(await books()).toEqual({ key, charges: 0, refunds: 0, balanceMinor: 0 });
});

test('cancel racing charge: nothing is kept, whoever is first', async () => {
  for (let round = 0; round < 25; round += 1) {
    const { charge, provider, key, books } = setup();
    const [charged, cancelled] = await Promise.all([charge('tok_visa'), provider.cancel(key, signal)]);
    expect(await books()).toMatchObject({ balanceMinor: 0 });
    expect(cancelled.status).toBe((await books())?.charges === 1 ? 'refunded' : 'cancelled');
    if (cancelled.status === 'cancelled') expect(charged.status).toBe('cancelled');
  }
});

test('money is given back once, and only where some was taken', async () => {
  const { charge, provider, key, books } = setup();
  await expect(provider.refund(key, signal)).rejects.toThrow();
  await charge('tok_visa');
  await Promise.all([provider.refund(key, signal), provider.refund(key, signal), provider.cancel(key, signal)]);
  expect(await books()).toEqual({ key, charges: 1, refunds: 1, balanceMinor: 0 });
  expect(await charge('tok_visa')).toEqual({ status: 'refunded' });
});

test('it charges positive amounts only', async () => {
  const { provider, key } = setup();
  for (const amountMinor of [0, -5, NaN]) {
    const charge = provider.charge({ key, amount: { ...amount, amountMinor }, token: 'tok_visa' }, signal);
    await expect(charge).rejects.toThrow('positive');
  }
});
