import { fc, test } from '@fast-check/vitest';
import { AppError } from '@stampede/errors';
import { expect, test as plainTest } from 'vitest';
import { end, isDecided, isFinal, pay, ship, unwind, type Order, type Status } from './order.ts';
import { END_STATUS, type UnwindReason } from './reasons.ts';

const pending = {
  id: 'o',
  userId: 'u',
  idempotencyKey: 'k',
  requestHash: 'h',
  lines: [],
  total: { currency: 'EUR', amountMinor: 100 },
  version: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  status: 'PENDING',
} as Order;
const reasons = Object.keys(END_STATUS) as UnwindReason[];
const verbs: Record<string, (order: Order) => Order> = {
  pay,
  ship,
  end,
  ...Object.fromEntries(reasons.map((reason) => [reason, (order: Order) => unwind(order, { reason, metadata: {} })])),
};

/** DESIGN.md §7, as a table: from → the verbs it allows. */
const LEGAL: Partial<Record<Status, readonly string[]>> = {
  PENDING: ['pay', ...reasons.filter((reason) => reason !== 'ORDER_REFUNDED')],
  PAID: ['ship', 'ORDER_CANCELLED', 'ORDER_REFUNDED'],
  UNWINDING: ['end'],
};

test.prop([fc.array(fc.constantFrom(...Object.keys(verbs)), { maxLength: 12 })], { numRuns: 2_000 })(
  'whatever is asked of an order, it moves as the table says, one version a move, and refuses all else untouched',
  (asked) => {
    let order = pending;
    let everPaid = false;
    for (const name of asked) {
      const before = structuredClone(order);
      const { version } = order;
      const legal = LEGAL[order.status]?.includes(name) ?? false;
      try {
        const next = verbs[name]!(order);
        expect(legal).toBe(true);
        expect(next.version).toBe(order.version + 1);
        if (name === 'end' && 'refusal' in order) expect(next.status).toBe(END_STATUS[order.refusal.reason]);
        order = next;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(legal).toBe(false);
        expect(error).toMatchObject({
          reason: 'ILLEGAL_TRANSITION',
          metadata: { order_id: 'o', status: order.status },
        });
      }
      if (order.version === version) expect(order).toEqual(before);
      everPaid ||= order.status === 'PAID';
      if ('refusal' in order) expect(order.paid).toBe(everPaid);
      expect(isFinal(order)).toBe(LEGAL[order.status] === undefined);
    }
  },
);

plainTest('outcomes are what is neither being placed nor being undone', () => {
  const paid = pay(pending);
  const unwinding = unwind(paid, { reason: 'ORDER_REFUNDED', metadata: {} });
  expect([pending, paid, ship(paid), unwinding, end(unwinding)].map(isDecided)).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
});
