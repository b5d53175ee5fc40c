import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import type { Answer, Request, ReserveRequest } from '../domain/decide.ts';
import { refused } from '../domain/inventory-error.ts';
import type { Verdicts } from '../domain/ports.ts';
import { createReservations } from './reservations.ts';

const reserve = (orderId: string, sku = 'a'): ReserveRequest => ({
  kind: 'reserve',
  orderId,
  lines: [{ sku, quantity: 1, expectedUnitPrice: { currency: 'EUR', amountMinor: 100 } }],
});

/** Verdicts that notes how it was asked: whatever names `gone` cannot be held. */
function setup() {
  const clock = fakeClock();
  const asked: string[] = [];
  const at = new Date(0);
  const isGone = (request: Request) => request.kind === 'reserve' && request.lines.some(({ sku }) => sku === 'gone');
  const answerOf = (request: Request): Answer => {
    if (isGone(request)) return { ok: false, error: refused({ reason: 'OUT_OF_STOCK', sku: 'gone', available: 0 }) };
    const { orderId } = request;
    return { ok: true, reservation: { orderId, lines: [], state: 'HELD', createdAt: at, updatedAt: at } };
  };
  const told = (how: string, requests: readonly Request[]) =>
    void asked.push(`${how} ${requests.map(({ orderId }) => orderId).join(' ')}`);
  const verdicts: Verdicts = {
    holdAll(requests) {
      told('hold', requests);
      return Promise.resolve(requests.some(isGone) ? undefined : requests.map(answerOf));
    },
    decide(requests) {
      told('decide', requests);
      return Promise.resolve(requests.map(answerOf));
    },
    commitHeld: (orderIds) => Promise.resolve(new Set(orderIds)),
  };
  const reservations = createReservations({ verdicts, monotonic: () => clock.monotonic() });
  const decide = (...requests: Request[]) => Promise.all(requests.map((request) => reservations.decide(request)));
  return { clock, asked, decide };
}

test('reservations are held together; whatever else is asked is decided', async () => {
  const { asked, decide } = setup();
  await decide(reserve('1'), { kind: 'commit', orderId: '2' }, reserve('3'), { kind: 'release', orderId: '4' });
  expect(asked).toEqual(['hold 1 3', 'decide 2 4']);
});

test('where not all can be held, the same ones are decided, each as it is', async () => {
  const { asked, decide } = setup();
  const answers = await decide(reserve('1'), reserve('2', 'gone'));
  expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
  expect(asked).toEqual(['hold 1 2', 'decide 1 2']);
});

test('what was refused is not expected to be held for a second, and keeps nobody else from it', async () => {
  const { asked, decide, clock } = setup();
  await decide(reserve('1', 'gone'));
  asked.length = 0;
  await decide(reserve('2', 'gone'), reserve('3'));
  expect(asked.toSorted()).toEqual(['decide 2', 'hold 3']);
  asked.length = 0;
  await clock.advance(1_000);
  await decide(reserve('4', 'gone'));
  expect(asked).toEqual(['hold 4', 'decide 4']);
});

test('the same order asked for twice at once is in two batches', async () => {
  const { asked, decide } = setup();
  await decide(reserve('1'), reserve('1'));
  expect(asked).toEqual(['hold 1', 'hold 1']);
});
