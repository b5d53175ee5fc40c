import type { Etcd } from '@stampede/etcd';
import type { CrashablePorts } from '@stampede/order/simulation';
import type { Payment, PaymentStore, Provider } from '@stampede/payment/simulation';
import type { Sabotage } from './sabotage.ts';

/** A rule of DESIGN.md §7 (or §5, of discovery), and the shop without it. `sabotage` is called for each history, so that a mutant may keep state. */
export interface Mutant {
  readonly rule: string;
  readonly sabotage: () => Sabotage;
}

const never = () => Promise.withResolvers<never>().promise;

const order = (around: (ports: CrashablePorts) => Partial<CrashablePorts>): (() => Sabotage) => {
  return () => ({ aroundOrder: (ports) => ({ ...ports, ...around(ports) }) });
};
const payments = (around: (store: PaymentStore) => Partial<PaymentStore>): (() => Sabotage) => {
  return () => ({ aroundPayments: (store) => ({ ...store, ...around(store) }) });
};
const provider = (around: (provider: Provider) => Partial<Provider>): (() => Sabotage) => {
  return () => ({ aroundProvider: (bare) => ({ ...bare, ...around(bare) }) });
};

export const MUTANTS: readonly Mutant[] = [
  { rule: 'a change is compare-and-set on the version', sabotage: () => ({ brokenOrders: { noCompareAndSet: true } }) },
  { rule: 'one order a user and key', sabotage: () => ({ brokenOrders: { noUniqueKey: true } }) },
  {
    rule: 'another request under a key that was used is refused',
    sabotage: order(({ orders }) => ({
      orders: {
        ...orders,
        async place(draft) {
          const { placed, order: found } = await orders.place(draft);
          return { placed, order: { ...found, requestHash: draft.requestHash } };
        },
      },
    })),
  },
  {
    rule: 'the order is committed before anything is asked for it',
    sabotage: order(({ orders, inventory }) => ({
      orders: {
        ...orders,
        async place(draft) {
          const at = new Date(0);
          await inventory.reserve({ ...draft, status: 'PENDING', version: 1, createdAt: at, updatedAt: at });
          return orders.place(draft);
        },
      },
    })),
  },
  {
    rule: 'work for a paid order is not over while it is to be undone',
    sabotage: () => ({ brokenOrders: { finishAnyway: true } }),
  },
  { rule: 'an outcome is told in the transaction of its change', sabotage: tellingApart },
  {
    rule: 'what was left is taken up when its lease is over',
    sabotage: order(({ sagas }) => ({ sagas: { ...sagas, claim: () => Promise.resolve([]) } })),
  },
  {
    rule: 'unknown is not failed: reserve',
    sabotage: order(({ inventory }) => ({
      inventory: {
        ...inventory,
        reserve: (...asked) => inventory.reserve(...asked).catch(() => refused('OUT_OF_STOCK')),
      },
    })),
  },
  {
    rule: 'unknown is not failed: charge',
    sabotage: order(({ payments: port }) => ({
      payments: { ...port, charge: (...asked) => port.charge(...asked).catch(() => refused('PAYMENT_DECLINED')) },
    })),
  },
  {
    rule: 'unknown is not done: void',
    sabotage: order(({ payments: port }) => ({
      payments: { ...port, void: (...asked) => port.void(...asked).catch(() => undefined) },
    })),
  },
  {
    rule: 'unknown is not done: refund',
    sabotage: order(({ payments: port }) => ({
      payments: { ...port, refund: (...asked) => port.refund(...asked).catch(() => undefined) },
    })),
  },
  {
    rule: 'unknown is not done: release',
    sabotage: order(({ inventory }) => ({
      inventory: { ...inventory, release: (...asked) => inventory.release(...asked).catch(() => undefined) },
    })),
  },
  {
    rule: 'nothing is compensated before UNWINDING is committed',
    sabotage: order(({ orders, payments: port }) => ({
      orders: {
        ...orders,
        async change(next) {
          if (next.status === 'UNWINDING') await port.void(next.id).catch(() => undefined);
          return orders.change(next);
        },
      },
    })),
  },
  {
    rule: 'nothing is released on a guess',
    sabotage: order(({ inventory, payments: port }) => ({
      payments: {
        ...port,
        async void(id, signal) {
          await inventory.release(id, signal);
          await port.void(id, signal);
        },
      },
    })),
  },
  {
    rule: 'the stock is given back',
    sabotage: order(({ inventory }) => ({ inventory: { ...inventory, release: () => Promise.resolve() } })),
  },
  {
    rule: 'the money of a paid order is given back',
    sabotage: order(({ payments: port }) => ({ payments: { ...port, refund: () => Promise.resolve() } })),
  },
  {
    rule: 'the stock of a paid order is sold',
    sabotage: order(({ inventory }) => ({ inventory: { ...inventory, commit: () => Promise.resolve() } })),
  },
  { rule: 'one verdict an order in inventory', sabotage: () => ({ brokenInventory: { noVerdicts: true } }) },
  { rule: 'a refusal of inventory is a verdict', sabotage: () => ({ brokenInventory: { noRefusals: true } }) },
  { rule: 'a tombstone for what inventory never saw', sabotage: () => ({ brokenInventory: { noTombstones: true } }) },
  { rule: 'batches over one SKU wait for each other', sabotage: () => ({ brokenInventory: { noSkuLocks: true } }) },
  { rule: 'only what is there is held', sabotage: () => ({ brokenInventory: { noUnits: true } }) },
  {
    rule: 'batches over one order wait for each other',
    sabotage: () => ({ brokenInventory: { noVerdictLocks: true } }),
  },
  {
    rule: 'inventory never releases by its own clock',
    sabotage: () => ({
      onVerdict({ orderId, state }, { inventory }, schedule) {
        if (state !== 'HELD') return;
        schedule(300, () => {
          if (inventory.verdicts.get(orderId)?.state === 'HELD') inventory.force([{ kind: 'release', orderId }]);
        });
      },
    }),
  },
  {
    rule: 'a tombstone for what payment never saw',
    sabotage: payments((store) => ({
      async begin(opening) {
        const payment = opening.state === 'VOIDED' ? await store.find(opening.orderId) : undefined;
        if (opening.state !== 'VOIDED') return store.begin(opening);
        const now = new Date(0);
        const unwritten = { state: 'VOIDED', orderId: opening.orderId, intent: undefined } as const;
        return { created: false, payment: payment ?? { ...unwritten, createTime: now, updateTime: now } };
      },
    })),
  },
  { rule: 'the intent of a charge is committed before the provider is asked', sabotage: intentAfterwards },
  {
    rule: 'the intent to undo is committed before the provider is asked',
    sabotage: payments((store) => ({
      async change(known, change) {
        if (change.to !== 'VOIDING' && change.to !== 'REFUNDING') return store.change(known, change);
        const payment = await store.find(known.orderId);
        // As if it were written; the rest goes by what is believed to be there.
        return payment?.state === change.from ? as(payment, change.to) : undefined;
      },
    })),
  },
  { rule: 'a charge is repeated with the same key', sabotage: anotherKeyEachTime },
  {
    rule: 'a payment is moved by compare-and-set on its state',
    sabotage: payments((store) => ({
      async change(known, change) {
        const found = await store.find(known.orderId);
        if (found?.intent === undefined) return undefined;
        return store.change(found, { ...change, from: found.state } as typeof change);
      },
    })),
  },
  {
    rule: 'a registrar whose lease is lost takes another',
    sabotage: () => ({
      aroundRegistrar(etcd) {
        let granted = false;
        return {
          ...etcd,
          async grantLease(ttlSeconds) {
            if (granted) return never();
            const lease = await etcd.grantLease(ttlSeconds);
            granted = true;
            return lease;
          },
        };
      },
    }),
  },
  {
    rule: 'a registrar puts back what was deleted',
    sabotage: () => ({ aroundRegistrar: (etcd) => ({ ...etcd, get: never }) }),
  },
  { rule: 'a watcher lists again when its watch has ended', sabotage: () => ({ aroundWatcher: listingOnce }) },
  {
    rule: 'a watcher lists again now and then regardless',
    sabotage: () => ({
      aroundWatcher: (etcd) => {
        let ended = true;
        return {
          ...etcd,
          list: async (prefix) => {
            if (!ended) return never();
            const listing = await etcd.list(prefix);
            ended = false;
            return listing;
          },
          watchPrefix: (prefix, from, handlers) =>
            etcd.watchPrefix(prefix, from, {
              onCreated: (at) => handlers.onCreated?.(at),
              onEvents: (events) => handlers.onEvents(events),
              onEnded(end) {
                ended = true;
                handlers.onEnded(end);
              },
            }),
        };
      },
    }),
  },
];

function as(payment: Payment, state: Payment['state']): Payment {
  return { ...payment, state } as Payment;
}

function refused(reason: 'OUT_OF_STOCK' | 'PAYMENT_DECLINED') {
  return { verdict: 'refused', refusal: { reason, metadata: {} } } as const;
}

function listingOnce(etcd: Etcd): Etcd {
  let listed = false;
  return {
    ...etcd,
    async list(prefix) {
      if (listed) return never();
      const listing = await etcd.list(prefix);
      listed = true;
      return listing;
    },
  };
}

/** The event goes with a statement of its own, after the change was answered. */
function tellingApart(): Sabotage {
  const untold = new Map<string, () => void>();
  const keyOf = ({ id, version }: { readonly id: string; readonly version: number }) => `${id} ${version}`;
  return {
    brokenOrders: { tellApart: (outcome, tell) => void untold.set(keyOf(outcome), tell) },
    aroundOrder: ({ orders, ...ports }) => ({
      ...ports,
      orders: {
        ...orders,
        async change(next) {
          const changed = await orders.change(next);
          if (changed !== undefined) untold.get(keyOf(changed))?.();
          return changed;
        },
      },
    }),
  };
}

/** The row is written with its outcome. */
function intentAfterwards(): Sabotage {
  return {
    aroundPayments(store) {
      const intended = new Map<string, Parameters<PaymentStore['begin']>[0]>();
      return {
        ...store,
        async begin(opening) {
          const payment = await store.find(opening.orderId);
          if (payment !== undefined || opening.state !== 'INTENDED') return store.begin(opening);
          intended.set(opening.orderId, opening);
          const now = new Date(0);
          return { created: true, payment: { ...opening, createTime: now, updateTime: now } };
        },
        async change(payment, change) {
          const opening = intended.get(payment.orderId);
          if (opening !== undefined) await store.begin(opening);
          intended.delete(payment.orderId);
          return store.change(payment, change);
        },
      };
    },
  };
}

function anotherKeyEachTime(): Sabotage {
  let asked = 0;
  return provider((bare) => ({
    charge: (charge, signal) => {
      asked += 1;
      return bare.charge({ ...charge, key: asked % 2 === 0 ? `${charge.key}#` : charge.key }, signal);
    },
  }))();
}
