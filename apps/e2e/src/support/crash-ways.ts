import type { Basket, Scene, Verb } from './crash-scene.ts';
import type { Rig } from './rig.ts';

/** How a shopper gets to a step, and what becomes of the order once all is well again. */
export interface Way extends Partial<Basket> {
  readonly ends: string;
  /** Reaches the step in the process of `scene.doom`. */
  readonly drive: (scene: Scene, rig: Rig) => Promise<void>;
}

/** The order is bought and comes to what the basket says. */
const buys = (basket: Partial<Basket> & { readonly ends?: string } = {}): Way => ({
  ends: 'PAID',
  ...basket,
  async drive(scene) {
    await scene.doom();
    scene.buy();
  },
});

/** The order is paid, and then more is asked. */
const asks = (verb: Verb, ends: string): Way => ({
  ends,
  async drive(scene) {
    await scene.placed();
    await scene.doom();
    scene.ask(verb);
  },
});

/** Payment dies after it wrote down the intent and before it asks the provider; the order is called off meanwhile. */
const callsOffAnIntent: Way = {
  ends: 'CANCELLED',
  async drive(scene, rig) {
    const payment = rig.program('payment-1');
    await payment.stop();
    await payment.start({ STAMPEDE_CRASH_AT: 'payment.provider-charge.before' });
    await scene.begun();
    await payment.exited();
    scene.ask('cancel');
    await scene.is('UNWINDING');
    await scene.doom();
  },
};

/** A charge whose verdict was never committed is left, and nobody asks for it again. */
const leavesAnIntent: Way = {
  ends: 'PAID',
  async drive(scene, rig) {
    const payment = rig.program('payment-1');
    await payment.stop();
    await payment.start({ STAMPEDE_CRASH_AT: 'payment.commit-charged.before' });
    await scene.begun();
    await payment.exited();
    await rig.program('order-1').kill();
    await scene.doom({ PAYMENT_RECOVERY_STALE_MS: '1' });
  },
};

/** A participant is away; the order is called off before it has heard of it. */
const tombstone = (away: 'inventory' | 'payment'): Way => ({
  ends: 'CANCELLED',
  async drive(scene, rig) {
    await scene.warm();
    await rig.program(`${away}-1`).stop();
    await scene.begun();
    scene.ask('cancel');
    await scene.is('UNWINDING');
    await scene.doom();
  },
});

const refused = { units: 11, ends: 'REJECTED' };
const declined = { token: 'tok_declined', ends: 'PAYMENT_FAILED' };

/** By step; the moments of a step are reached the same way. */
export const WAYS: Readonly<Record<string, Way>> = {
  'gateway.create-order': buys(),
  'gateway.cancel-order': asks('cancel', 'CANCELLED'),
  'gateway.ship-order': asks('ship', 'SHIPPED'),
  'gateway.refund-order': asks('refund', 'REFUNDED'),

  'order.catalog': buys(),
  'order.place': buys(),
  'order.reserve': buys(),
  'order.charge': buys(),
  'order.pay': buys(),
  'order.commit': buys(),
  'order.finish': buys(),
  'order.unwind': buys(refused),
  'order.void': buys(declined),
  'order.refund': asks('refund', 'REFUNDED'),
  'order.release': asks('cancel', 'CANCELLED'),
  'order.end': {
    ends: 'EXPIRED',
    async drive(scene, rig) {
      await rig.program('payment-1').stop();
      await scene.doom({ ORDER_HOLD_SECONDS: '0.3' });
      await scene.begun();
      await scene.is('UNWINDING');
      await rig.program('payment-1').start();
    },
  },
  'order.ship': asks('ship', 'SHIPPED'),
  'order.claim': {
    token: 'tok_timeout',
    ends: 'PAID',
    async drive(scene, rig) {
      await scene.begun();
      await rig.program('order-1').kill();
      await scene.doom();
    },
  },
  'order.renew': {
    token: 'tok_timeout',
    ends: 'PAID',
    async drive(scene) {
      await scene.doom();
      await scene.begun();
    },
  },
  'order.hand-over': {
    token: 'tok_timeout',
    ends: 'PAID',
    async drive(scene, rig) {
      await scene.doom();
      await scene.begun();
      rig.program('order-1').signal('SIGTERM');
    },
  },

  'inventory.hold': buys(),
  'inventory.refuse': buys(refused),
  'inventory.sell': buys(),
  'inventory.release': asks('refund', 'REFUNDED'),
  'inventory.tombstone': tombstone('inventory'),

  'payment.commit-intended': buys(),
  'payment.commit-tombstone': tombstone('payment'),
  'payment.commit-charged': buys(),
  'payment.commit-declined': buys(declined),
  'payment.commit-voiding': callsOffAnIntent,
  'payment.commit-voided': callsOffAnIntent,
  'payment.commit-refunding': asks('refund', 'REFUNDED'),
  'payment.commit-refunded': asks('cancel', 'CANCELLED'),
  'payment.provider-charge': buys(),
  'payment.provider-lookup': buys({ token: 'tok_unknown' }),
  'payment.provider-cancel': callsOffAnIntent,
  'payment.provider-refund': asks('refund', 'REFUNDED'),
  'payment.recovery-sweep': leavesAnIntent,
  'payment.recovery-claim': leavesAnIntent,
  'payment.recovery-release': leavesAnIntent,
};
