import type { Clock } from '@stampede/lifecycle';
import { backoffMs } from './backoff.ts';
import type { Etcd, EtcdLog, Lease } from './etcd.ts';
import { isEtcdError } from './etcd-error.ts';

export interface KeepLeaseOptions {
  readonly etcd: Pick<Etcd, 'refreshLease'>;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: EtcdLog;
  /** Ends the keeping; the lease itself is left alone. */
  readonly signal: AbortSignal;
}

/** How a lease was lost: the server says that it is no more, or no refresh has succeeded for as long as it lives. */
export type LeaseLoss = 'gone' | 'silent';

/**
 * Keeps a lease alive until it is lost and then says how; it never grants another. Refreshes three times in a lease's life. The watchdog is
 * our own: the time of the last refresh that succeeded, taken before it was sent, so that we never believe in a lease for longer than the
 * server does. A process that was frozen asks the server first, which knows better. Rejects with `signal.reason` once `signal` aborts, and where the client is closed.
 */
export async function keepLease({ etcd, lease, clock, random, log, signal }: KeepLeaseOptions): Promise<LeaseLoss> {
  let ttlMs = lease.ttlSeconds * 1000;
  let aliveSince = clock.monotonic();
  let failures = 0;
  for (;;) {
    await clock.sleep(failures === 0 ? ttlMs / 3 : backoffMs(failures - 1, random, { mostMs: ttlMs / 6 }), signal);
    const sent = clock.monotonic();
    try {
      ttlMs = (await etcd.refreshLease(lease.id)) * 1000;
      aliveSince = sent;
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (isEtcdError(error, 'ETCD_LEASE_NOT_FOUND')) return 'gone';
      if (isEtcdError(error, 'ETCD_CLOSED')) throw error;
      failures += 1;
      if (failures === 1) log.warn({ err: error, leaseId: lease.id }, 'a lease could not be refreshed');
      if (clock.monotonic() - aliveSince >= ttlMs) return 'silent';
    }
    signal.throwIfAborted();
  }
}
