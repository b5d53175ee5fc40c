import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { PAYMENT_STEPS, pointsOf, type CrashPoint } from './crash-points.ts';
import { createWorld, ORDER, type Call, type Event, type World } from './simulation/history.ts';

const AMOUNT = 1_999;
const ANSWERS: Readonly<Record<Call['ask'], readonly string[]>> = {
  charge: ['CHARGED', 'PAYMENT_DECLINED', 'PAYMENT_VOIDED', 'PAYMENT_MISMATCH', 'PAYMENT_OUTCOME_UNKNOWN', 'LOST'],
  void: ['DECLINED', 'VOIDED', 'REFUNDED', 'PAYMENT_OUTCOME_UNKNOWN', 'LOST'],
  refund: ['REFUNDED', 'PAYMENT_NOT_CHARGED', 'PAYMENT_OUTCOME_UNKNOWN', 'LOST'],
  settle: ['CHARGED', 'DECLINED', 'VOIDED', 'REFUNDED', 'unsettled', 'PAYMENT_OUTCOME_UNKNOWN', 'LOST'],
};

/** An answer is given once its verdict is committed. */
const COMMITTED: Readonly<Record<string, readonly string[]>> = {
  CHARGED: ['CHARGED', 'REFUNDING', 'REFUNDED'],
  PAYMENT_DECLINED: ['DECLINED'],
  DECLINED: ['DECLINED'],
  PAYMENT_VOIDED: ['VOIDING', 'VOIDED', 'REFUNDING', 'REFUNDED'],
  VOIDED: ['VOIDED'],
  REFUNDED: ['REFUNDED'],
};

type Fault = 'none' | 'request' | 'answer';

const call: fc.Arbitrary<Call> = fc.record({
  ask: fc.constantFrom('charge', 'charge', 'charge', 'void', 'refund', 'settle'),
  token: fc.constantFrom('tok_visa', 'tok_visa', 'tok_visa', 'tok_declined'),
  amountMinor: fc.constantFrom(AMOUNT, AMOUNT, AMOUNT, AMOUNT, 5),
  diesAt: fc.option(fc.nat({ max: 7 }), { nil: undefined, freq: 3 }),
});
const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'none', 'request', 'answer'), {
  minLength: 1,
  maxLength: 40,
});

/** Runs the calls in the order and with the losses that fast-check chose; then, in calm weather, recovery finishes what is left. */
async function played(s: fc.Scheduler, calls: readonly Call[], losses: readonly Fault[]): Promise<World> {
  let calm = false;
  let moments = 0;
  const turn = async (what: string): Promise<void> => {
    if (!calm) await s.schedule(Promise.resolve(), what);
    else if (what === 'a timer') await Promise.withResolvers<never>().promise;
  };
  const world = createWorld({
    turn,
    async pace(moment, what) {
      await turn(`${what}, ${moment}`);
      if (!calm && losses[moments++ % losses.length] === moment) throw new Error('LOST');
    },
  });
  for (const each of calls) void world.run(each);
  await s.waitIdle();
  calm = true;
  await world.run({ ask: 'settle', token: '', amountMinor: AMOUNT, diesAt: undefined });
  return world;
}

/** Everything that must hold of any history, said against the rows and the provider's books. */
function check({ store, provider, events, hasty }: World): void {
  for (const { call: asked, ended, answer } of events) {
    if (ended < Infinity) expect(ANSWERS[asked.ask], `${asked.ask} answered ${answer}`).toContain(answer);
  }
  expect(hasty, 'the provider is told of nothing that is not committed').toEqual([]);

  const row = store.rows.get(ORDER);
  const books = provider.statement(ORDER);
  const amount = row?.intent?.amount.amountMinor ?? 0;
  expect(books.charges, 'charged once at most').toBeLessThanOrEqual(1);
  const truths = {
    unseen: ['absent'],
    INTENDED: ['absent'],
    CHARGED: ['charged'],
    DECLINED: ['declined'],
    VOIDING: [],
    VOIDED: row?.intent === undefined ? ['absent'] : ['cancelled', 'declined'],
    REFUNDING: [],
    REFUNDED: ['refunded'],
  };
  expect(truths[row?.state ?? 'unseen'], `the provider's truth of ${row?.state}`).toContain(books.status);
  expect(books.balanceMinor).toBe(row?.state === 'CHARGED' ? amount : 0);

  const transfers = store.transfers();
  const shop = transfers.reduce((sum, { debit, credit, amountMinor }) => {
    return sum + (credit === 'shop' ? amountMinor : 0) - (debit === 'shop' ? amountMinor : 0);
  }, 0);
  expect(shop, 'the ledger says what the provider says').toBe(books.balanceMinor);

  for (const { answer, stood } of events) {
    if (answer !== undefined) expect(COMMITTED[answer] ?? [stood], `what ${answer} may be said of`).toContain(stood);
  }
  const charges = answeredTo(events, 'charge');
  const paid = charges.filter(({ answer }) => answer === 'CHARGED');
  const refused = charges.filter(({ answer }) => answer === 'PAYMENT_DECLINED');
  expect(paid.length === 0 || refused.length === 0, 'one verdict').toBe(true);
  expect(new Set(paid.map(({ call: asked }) => `${asked.amountMinor} ${asked.token}`)).size).toBeLessThanOrEqual(1);
  for (const { call: asked } of paid) expect(asked.amountMinor, 'what was decided was charged').toBe(amount);
  const undone = events.some(({ call: asked }) => asked.ask === 'void' || asked.ask === 'refund');
  if (paid.length > 0 && !undone) expect(row?.state, 'what was answered stays').toBe('CHARGED');
  if (!undone) expect(charges.map(({ answer }) => answer)).not.toContain('PAYMENT_VOIDED');

  for (const { ended, answer } of [...answeredTo(events, 'void'), ...answeredTo(events, 'refund')]) {
    if (!['VOIDED', 'REFUNDED', 'DECLINED'].includes(answer ?? '')) continue;
    expect(books.balanceMinor, 'undone is undone').toBe(0);
    for (const later of charges.filter(({ begun }) => begun > ended)) expect(later.answer).not.toBe('CHARGED');
  }
}

function answeredTo(events: readonly Event[], ask: Call['ask']): readonly Event[] {
  return events.filter(({ call: asked, answer }) => asked.ask === ask && answer !== undefined);
}

describe('any history of one order', () => {
  const reached = new Set<CrashPoint>();

  test.prop([fc.scheduler(), fc.array(call, { minLength: 1, maxLength: 6 }), faults], { numRuns: 3_000 })(
    'charges no one twice, keeps its verdict, and its books agree with the provider’s',
    async (s, calls, losses) => {
      const world = await played(s, calls, losses);
      check(world);
      for (const point of world.points) reached.add(point);
    },
  );

  test('came by every crash point of a payment', () => {
    expect([...reached].toSorted()).toEqual(pointsOf(PAYMENT_STEPS).toSorted());
  });
});
