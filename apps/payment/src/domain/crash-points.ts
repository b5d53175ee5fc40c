import type { Counter } from './counter.ts';
import type { Change, Opening } from './payment.ts';
import type { PaymentStore, UnsettledStore } from './payment-store.ts';

/** What a payment does that others see: the commits of its row, and the questions to the provider. */
export const PAYMENT_STEPS = [
  'commit-intended',
  'commit-tombstone',
  'commit-charged',
  'commit-declined',
  'commit-voiding',
  'commit-voided',
  'commit-refunding',
  'commit-refunded',
  'provider-charge',
  'provider-lookup',
  'provider-cancel',
  'provider-refund',
] as const;

/** The commits of recovery's own. */
export const RECOVERY_STEPS = ['recovery-sweep', 'recovery-claim', 'recovery-release'] as const;

export type Step = (typeof PAYMENT_STEPS)[number] | (typeof RECOVERY_STEPS)[number];

/**
 * A moment at which the process may die: right before or right after a step, or, where a step is a transaction of several statements, with all
 * of them written and nothing committed.
 */
export type CrashPoint = `payment.${Step}.${'before' | 'after'}` | 'payment.recovery-sweep.written';

export function pointsOf(steps: readonly Step[]): readonly CrashPoint[] {
  return steps.flatMap((step): CrashPoint[] => [
    `payment.${step}.before`,
    ...(step === 'recovery-sweep' ? ([`payment.${step}.written`] as const) : []),
    `payment.${step}.after`,
  ]);
}

export const CRASH_POINTS: readonly CrashPoint[] = pointsOf([...PAYMENT_STEPS, ...RECOVERY_STEPS]);

/** Called at every point; what it returns is awaited. */
export type Crash = (point: CrashPoint) => void | Promise<void>;

/** What the payments are decided with. */
export interface Hands {
  readonly store: PaymentStore;
  readonly counter: Counter;
}

/** The same hands, with a crash point before and after whatever they do: there is no way past them. */
export function withCrashPoints({ store, counter }: Hands, crash: Crash): Hands {
  const around = arounder(crash);
  return {
    store: {
      begin: (opening) => around(openingStep(opening), () => store.begin(opening)),
      change: (payment, change) => around(changeStep(change), () => store.change(payment, change)),
      find: (orderId) => store.find(orderId),
    },
    counter: {
      charge: (order, patience) => around('provider-charge', () => counter.charge(order, patience)),
      lookup: (key, patience) => around('provider-lookup', () => counter.lookup(key, patience)),
      cancel: (key, patience) => around('provider-cancel', () => counter.cancel(key, patience)),
      refund: (key, patience) => around('provider-refund', () => counter.refund(key, patience)),
    },
  };
}

/** The same for the list that recovery works on. */
export function withRecoveryCrashPoints(unsettled: UnsettledStore, crash: Crash): UnsettledStore {
  const around = arounder(crash);
  return {
    sweep: (staleMs) =>
      around('recovery-sweep', () => unsettled.sweep(staleMs, () => crash('payment.recovery-sweep.written'))),
    claim: (claim) => around('recovery-claim', () => unsettled.claim(claim)),
    release: (orderIds) => around('recovery-release', () => unsettled.release(orderIds)),
  };
}

function arounder(crash: Crash): <T>(step: Step, work: () => Promise<T>) => Promise<T> {
  return async (step, work) => {
    await crash(`payment.${step}.before`);
    const value = await work();
    await crash(`payment.${step}.after`);
    return value;
  };
}

function openingStep({ state }: Opening): Step {
  return state === 'INTENDED' ? 'commit-intended' : 'commit-tombstone';
}

const changeSteps = {
  CHARGED: 'commit-charged',
  DECLINED: 'commit-declined',
  VOIDING: 'commit-voiding',
  VOIDED: 'commit-voided',
  REFUNDING: 'commit-refunding',
  REFUNDED: 'commit-refunded',
} as const satisfies Record<Change['to'], Step>;

function changeStep({ to }: Change): Step {
  return changeSteps[to];
}
