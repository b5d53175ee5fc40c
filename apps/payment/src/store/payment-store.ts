import { createBatcher, type BatcherLimits } from '@stampede/batching';
import type { Database } from '@stampede/postgres';
import type { Opening, Payment } from '../domain/payment.ts';
import type { Begun, PaymentStore } from '../domain/payment-store.ts';
import { createBeginning } from './begin-payments.ts';
import { changePayments, isVerdict, type PaymentChange } from './change-payments.ts';
import { findPayments } from './find-payments.ts';

/** Milliseconds that whoever voids or refunds has to finish it before recovery looks after it. */
const UNDO_MS = 10_000;

export interface PaymentStoreOptions {
  readonly undoMs?: () => number;
  readonly limits?: (() => BatcherLimits) | undefined;
}

/** Payments in Postgres. Those that come while a statement is at work are written together by the next of their kind. */
export function createPaymentStore(
  db: Database,
  { undoMs = () => UNDO_MS, limits }: PaymentStoreOptions = {},
): PaymentStore {
  const beginning = createBatcher<Opening, Begun>({ limits, run: createBeginning(db) });
  const changing = () =>
    createBatcher<PaymentChange, Payment | undefined>({
      limits,
      run: (changes) => changePayments(db, changes, { undoMs: undoMs() }),
      keyOf: ({ payment }) => payment.orderId,
    });
  const verdicts = changing();
  const undoing = changing();

  return {
    begin: (opening) => beginning.add(opening),
    change: (payment, change) => (isVerdict(change) ? verdicts : undoing).add({ payment, change }),
    async find(orderId) {
      const found = await findPayments(db, [orderId]);
      return found.get(orderId);
    },
  };
}
