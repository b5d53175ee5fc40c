import { AppError } from '@stampede/errors';
import { withRecoveryCrashPoints, type Crash } from './crash-points.ts';
import { pause, type Patience, type Timers } from './patience.ts';
import { isSettled, type Payment } from './payment.ts';
import type { Claim, UnsettledStore } from './payment-store.ts';
import type { Payments } from './payments.ts';

export interface RecoveryOptions {
  readonly unsettled: UnsettledStore;
  readonly payments: Pick<Payments, 'settle'>;
  readonly timers: Timers;
  /** Read before each round. */
  readonly settings: () => RecoverySettings;
  /** Called at the points of RECOVERY_STEPS; for proofs. */
  readonly crash?: Crash;
  /** Told of each payment that was finished, and of each round or payment that failed; an unknown outcome is no failure. */
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface RecoverySettings extends Omit<Claim, 'limit'> {
  /** Milliseconds that an intent may stand before somebody looks after it. */
  readonly staleMs: number;
  /** Milliseconds between rounds. */
  readonly everyMs: number;
}

export interface Recovery {
  /** One round: claims what is stale and settles it; the number of payments that came to an end. */
  round(signal: AbortSignal): Promise<number>;
  /** Rounds until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Payments of one round: this is for the rare, and must not crowd out those who are being served. */
const LIMIT = 20;

/**
 * Finishes payments that were left between two steps: by a crash, or by a caller whose time was up. An intent is looked up at the provider, never
 * newly charged: whether an order is still wanted is not known here.
 */
export function createRecovery({ payments, timers, settings, log, ...options }: RecoveryOptions): Recovery {
  const { crash } = options;
  const unsettled = crash === undefined ? options.unsettled : withRecoveryCrashPoints(options.unsettled, crash);

  async function ended(payment: Payment, patience: Patience): Promise<boolean> {
    if (isSettled(payment)) return true;
    try {
      const settled = await payments.settle(payment, patience);
      if (settled === undefined) return false;
      log.info({ orderId: payment.orderId, from: payment.state, to: settled.state }, 'finished a payment left behind');
      return true;
    } catch (error) {
      if (!(error instanceof AppError && error.reason === 'PAYMENT_OUTCOME_UNKNOWN')) {
        log.warn(
          { err: error, orderId: payment.orderId, state: payment.state },
          'could not finish a payment left behind',
        );
      }
      return false;
    }
  }

  async function round(signal: AbortSignal): Promise<number> {
    const { staleMs, leaseMs, maxLeaseMs } = settings();
    await unsettled.sweep(staleMs);
    const claimed = await unsettled.claim({ leaseMs, maxLeaseMs, limit: LIMIT });
    const end = timers.monotonic() + leaseMs;
    const patience: Patience = { signal, remainingMs: () => end - timers.monotonic() };
    const outcomes = await Promise.all(
      claimed.map(async (payment) => ({ orderId: payment.orderId, over: await ended(payment, patience) })),
    );
    const done = outcomes.filter(({ over }) => over).map(({ orderId }) => orderId);
    if (done.length > 0) await unsettled.release(done);
    return done.length;
  }

  return {
    round,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await round(signal);
        } catch (error) {
          log.warn({ err: error }, 'a round of recovery failed; the next one tries again');
        }
        await pause(timers, settings().everyMs, signal);
      }
    },
  };
}
