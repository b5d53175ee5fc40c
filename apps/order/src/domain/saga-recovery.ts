import type { Log, Sagas, Time } from './ports.ts';
import type { SagaDriver } from './saga-driver.ts';

export interface SagaRecoveryOptions {
  readonly sagas: Pick<Sagas, 'claim'>;
  readonly driver: Pick<SagaDriver, 'active' | 'drive' | 'renew'>;
  readonly time: Time;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly settings: () => { readonly maxActive: number; readonly pollMs: number; readonly claimBatch: number };
}

export interface SagaRecovery {
  /** No more claims; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * Takes over, at random moments about every `pollMs`, the sagas whose driver has gone silent, and drives them on; keeps the leases of those
 * that are driven here. Expiry needs nothing else: an order that waits for an answer is always somebody's saga.
 */
export function startSagaRecovery({ sagas, driver, time, random, log, settings }: SagaRecoveryOptions): SagaRecovery {
  const leaving = new AbortController();
  const ended = run();

  async function run(): Promise<void> {
    while (!leaving.signal.aborted) {
      const full = await poll();
      if (full) continue;
      await time.sleep(settings().pollMs * (0.5 + random()), leaving.signal).catch(() => undefined);
    }
  }

  /** Whether there may be more to claim at once. */
  async function poll(): Promise<boolean> {
    try {
      await driver.renew();
      const { maxActive, claimBatch } = settings();
      const room = Math.min(claimBatch, maxActive - driver.active);
      if (room <= 0) return false;
      const claimed = await sagas.claim(room);
      if (claimed.length > 0) log.info({ orders: claimed.length }, 'driving on orders that were left');
      for (const saga of claimed) driver.drive(saga);
      return claimed.length === room;
    } catch (error) {
      log.warn({ err: error }, 'could not look for orders that were left');
      return false;
    }
  }

  return {
    stop() {
      leaving.abort();
      return ended;
    },
  };
}
