import type { Change, Inventory, Orders, Payments, Sagas, Shelves } from './ports.ts';

/**
 * The steps of a saga that touch the world: each commit and each call to a participant. Before and after every one of them is a point at
 * which a process may die, and at which tests let it.
 */
export const STEPS = [
  'place',
  'reserve',
  'charge',
  'pay',
  'commit',
  'finish',
  'unwind',
  'void',
  'refund',
  'release',
  'end',
  'ship',
  'claim',
  'renew',
  'hand-over',
] as const;

/** The call before there is an order: the products are read, unless they are remembered. */
export const PRICING_STEPS = ['catalog'] as const;

export type Step = (typeof STEPS)[number] | (typeof PRICING_STEPS)[number];

export type CrashPoint = `order.${Step}.${'before' | 'after'}`;

/** Those of a saga. `order.charge.after`: the card was charged, and nobody here knows yet. */
export const CRASH_POINTS = pointsOf(STEPS);

export const ALL_CRASH_POINTS = pointsOf([...PRICING_STEPS, ...STEPS]);

/** Called when a point is reached; what it returns is awaited. */
export type CrashHook = (point: CrashPoint) => void | Promise<void>;

export interface CrashablePorts {
  readonly orders: Orders;
  readonly sagas: Sagas;
  readonly inventory: Inventory;
  readonly payments: Payments;
}

/** The same ports, with `reached` called before and after whatever changes something out there. For tests; without a hook nothing wraps the ports. */
export function withCrashPoints(
  { orders, sagas, inventory, payments }: CrashablePorts,
  reached: CrashHook,
): CrashablePorts {
  const at = arounder(reached);
  return {
    orders: {
      place: (draft, signal) => at('place', () => orders.place(draft, signal)),
      change: (next) => at(stepOf(next), () => orders.change(next)),
      find: (id) => orders.find(id),
      findByKey: (userId, key) => orders.findByKey(userId, key),
      newer: (known) => orders.newer(known),
    },
    sagas: {
      claim: (limit) => at('claim', () => sagas.claim(limit)),
      renew: (ids) => at('renew', () => sagas.renew(ids)),
      handOver: (ids) => at('hand-over', () => sagas.handOver(ids)),
      finish: (id) => at('finish', () => sagas.finish(id)),
      look: (id) => sagas.look(id),
    },
    inventory: {
      reserve: (order, signal) => at('reserve', () => inventory.reserve(order, signal)),
      commit: (id, signal) => at('commit', () => inventory.commit(id, signal)),
      release: (id, signal) => at('release', () => inventory.release(id, signal)),
    },
    payments: {
      charge: (order, token, signal) => at('charge', () => payments.charge(order, token, signal)),
      void: (id, signal) => at('void', () => payments.void(id, signal)),
      refund: (id, signal) => at('refund', () => payments.refund(id, signal)),
    },
  };
}

/** The same for the products that an order is priced by: around each reading, not around what is remembered. */
export function withPricingCrashPoints(shelves: Shelves, reached: CrashHook): Shelves {
  const at = arounder(reached);
  return { read: (skus) => at('catalog', () => shelves.read(skus)) };
}

function pointsOf(steps: readonly Step[]): readonly CrashPoint[] {
  return steps.flatMap((step): CrashPoint[] => [`order.${step}.before`, `order.${step}.after`]);
}

function arounder(reached: CrashHook): <T>(step: Step, work: () => Promise<T>) => Promise<T> {
  return async (step, work) => {
    await reached(`order.${step}.before`);
    const result = await work();
    await reached(`order.${step}.after`);
    return result;
  };
}

function stepOf({ status }: Change): 'pay' | 'ship' | 'unwind' | 'end' {
  if (status === 'PAID') return 'pay';
  if (status === 'SHIPPED') return 'ship';
  return status === 'UNWINDING' ? 'unwind' : 'end';
}
