import type { Clock } from '@stampede/lifecycle';
import {
  createMemoryInventory,
  type MemoryInventory,
  type Product,
  type Reservation,
} from '@stampede/inventory/simulation';
import { createMemoryOrders, type MemoryOrders } from '@stampede/order/simulation';
import {
  createMemoryPaymentStore,
  createMemoryProvider,
  isHasty,
  type MemoryPaymentStore,
  type MemoryProvider,
} from '@stampede/payment/simulation';
import type { Sabotage } from '../sabotage.ts';

/** All that outlives processes, and what was seen to go wrong with it while the history ran. */
export interface Databases {
  readonly orders: MemoryOrders;
  readonly inventory: MemoryInventory;
  readonly payments: MemoryPaymentStore;
  readonly provider: MemoryProvider;
  readonly violations: string[];
}

export interface DatabasesOptions {
  readonly clock: Clock;
  readonly products: readonly Product[];
  readonly leaseSeconds: number;
  readonly sabotage: Sabotage;
}

export function createDatabases({ clock, products, leaseSeconds, sabotage }: DatabasesOptions): Databases {
  const now = () => clock.now();
  const violations: string[] = [];
  const orders = createMemoryOrders({ now, leaseSeconds, broken: sabotage.brokenOrders });
  const payments = createMemoryPaymentStore(undefined, now);

  /** Nothing is compensated before UNWINDING is committed. */
  function mustBeUndone(orderId: string, what: string): void {
    const status = orders.orders.get(orderId)?.status;
    if (status === undefined || status === 'PENDING' || status === 'PAID' || status === 'SHIPPED') {
      violations.push(`${orderId}: ${what} while the order is ${status ?? 'nothing'}`);
    }
  }

  function onVerdict(verdict: Reservation): void {
    const { orderId, state } = verdict;
    if (state === 'RELEASED') {
      mustBeUndone(orderId, 'stock given back');
      // Nothing is released on a guess: by then it is certain that no money is, or will be, here for it.
      const money = payments.rows.get(orderId)?.state;
      const free = orders.orders.get(orderId)?.total.amountMinor === 0;
      if (!free && money !== 'VOIDED' && money !== 'DECLINED' && money !== 'REFUNDED') {
        violations.push(`${orderId}: stock given back on a guess, its money is ${money ?? 'unknown'}`);
      }
    }
    for (const { sku, available } of inventory.products.values()) {
      if (available < 0) violations.push(`${sku}: oversold by ${-available}, last to ${orderId}`);
    }
    sabotage.onVerdict?.(verdict, databases, (ms, run) => void clock.schedule(ms, run));
  }

  const inventory = createMemoryInventory({
    products,
    now,
    schedule: (ms, run) => clock.schedule(ms, run),
    onVerdict,
    broken: sabotage.brokenInventory,
  });

  const provider = createMemoryProvider({
    onRequest(request, orderId) {
      const state = payments.rows.get(orderId)?.state;
      if (isHasty(request, state))
        violations.push(`${orderId}: provider asked to ${request}, row ${state ?? 'absent'}`);
      if (request === 'cancel' || request === 'refund') mustBeUndone(orderId, 'money given back');
      const stock = inventory.verdicts.get(orderId)?.state ?? 'absent';
      if (request === 'charge' && (stock === 'absent' || stock === 'REFUSED')) {
        violations.push(`${orderId}: charged, its stock ${stock}`);
      }
    },
  });
  const databases: Databases = { orders, inventory, payments, provider, violations };
  return databases;
}
