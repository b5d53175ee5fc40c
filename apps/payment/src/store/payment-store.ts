import type { Queryable } from '@stampede/postgres';
import type { PaymentStore } from '../domain/payment-store.ts';
import { beginPayments } from './begin-payments.ts';
import { changePayments } from './change-payments.ts';
import { findPayments } from './find-payments.ts';

/** Milliseconds that whoever voids or refunds has to finish it before recovery looks after it. */
const UNDO_MS = 10_000;

/** Payments in Postgres. Every call is one statement of its own, made for batches: a batcher can stand in front of each. */
export function createPaymentStore(db: Queryable, undoMs: () => number = () => UNDO_MS): PaymentStore {
  return {
    async begin(opening) {
      const [begun] = await beginPayments(db, [opening]);
      if (begun === undefined) throw new Error('one opening has one answer');
      return begun;
    },
    async change(orderId, change) {
      const changed = await changePayments(db, [{ orderId, change }], { undoMs: undoMs() });
      return changed.get(orderId);
    },
    async find(orderId) {
      const found = await findPayments(db, [orderId]);
      return found.get(orderId);
    },
  };
}
