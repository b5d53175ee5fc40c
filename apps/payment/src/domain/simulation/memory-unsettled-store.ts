import type { Payment } from '../payment.ts';
import type { UnsettledStore } from '../payment-store.ts';

export interface MemoryUnsettledStore extends UnsettledStore {
  readonly size: number;
  /** Whoever began to undo the order has until `dueMs`. */
  began(orderId: string, dueMs: number): void;
  done(orderId: string): void;
}

interface Left {
  attempts: number;
  dueMs: number;
}

/** The list of what was left in the middle, over the rows of a store; `now`: the database's time in milliseconds. */
export function createMemoryUnsettledStore(
  rows: ReadonlyMap<string, Payment>,
  now: () => number,
): MemoryUnsettledStore {
  const left = new Map<string, Left>();

  function began(orderId: string, dueMs: number): void {
    if (!left.has(orderId)) left.set(orderId, { attempts: 0, dueMs });
  }

  return {
    get size() {
      return left.size;
    },
    began,
    done: (orderId) => void left.delete(orderId),
    sweep(staleMs) {
      for (const { orderId, state, createTime } of rows.values()) {
        if (state === 'INTENDED' && createTime.getTime() <= now() - staleMs) began(orderId, now());
      }
      return Promise.resolve();
    },
    claim({ leaseMs, maxLeaseMs, limit }) {
      const due = [...left].filter(([, { dueMs }]) => dueMs <= now()).slice(0, limit);
      for (const [, each] of due) {
        each.dueMs = now() + Math.min(leaseMs * 2 ** Math.min(each.attempts, 30), maxLeaseMs);
        each.attempts += 1;
      }
      return Promise.resolve(due.flatMap(([orderId]) => rows.get(orderId) ?? []));
    },
    release(orderIds) {
      for (const orderId of orderIds) left.delete(orderId);
      return Promise.resolve();
    },
  };
}
