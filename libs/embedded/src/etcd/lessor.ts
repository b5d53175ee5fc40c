import type { Clock } from '@stampede/lifecycle';
import { DeadlineQueue } from './deadline-queue.ts';
import { leaseExists, leaseNotFound, leaseTtlTooLarge } from './etcd-error.ts';
import type { LeaseLinks } from './key-space.ts';
import { NO_LEASE, type LeaseId } from './wire.ts';

/** Seconds: what etcd allows at most, and grants at least with its default election timeout. */
const MAX_TTL = 9_000_000_000;
const MIN_TTL = 2;
/** Leases revoked in one turn of the event loop at most, so that a mass expiry leaves room for others. */
const REVOKED_PER_TURN = 1_000;
/**
 * Milliseconds. A timer that comes this late shows that the process stood still, and keep-alives wait to be read: expired leases get this
 * much longer, once.
 */
const STALL = 1_000;
/** Milliseconds: the longest a timer takes. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Lease {
  readonly id: LeaseId;
  /** Seconds. */
  readonly ttl: number;
  readonly keys: Set<string>;
  /** By the clock's `monotonic()`. */
  expiresAt: number;
}

export interface LeaseView {
  /** Seconds granted, and left. */
  readonly granted: number;
  readonly remaining: number;
  /** Binary strings. */
  readonly keys: ReadonlySet<string>;
}

export interface LessorOptions {
  readonly clock: Clock;
  readonly newId: () => LeaseId;
  /** Called with the keys of a lease that has expired; the lease is gone already. */
  readonly onExpired: (keys: readonly string[]) => void;
}

/**
 * The leases and their time. A keep-alive moves the lease's own deadline and nothing else; the queue holds the deadline of an earlier moment,
 * and when that comes the lease is queued again.
 */
export class Lessor implements LeaseLinks {
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #queue = new DeadlineQueue<Lease>();
  readonly #options: LessorOptions;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: LessorOptions) {
    this.#options = options;
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  /** @throws EtcdError where the id is taken or the TTL above the bound. */
  grant(wantedId: LeaseId, wantedTtl: number): { readonly id: LeaseId; readonly ttl: number } {
    const id = wantedId === NO_LEASE ? this.#freeId() : wantedId;
    if (wantedTtl > MAX_TTL) throw leaseTtlTooLarge();
    if (this.#leases.has(id)) throw leaseExists();
    const ttl = Math.max(wantedTtl, MIN_TTL);
    const lease = { id, ttl, keys: new Set<string>(), expiresAt: this.#options.clock.monotonic() + ttl * 1000 };
    this.#leases.set(id, lease);
    this.#queue.push(lease.expiresAt, lease);
    this.#dropRevoked();
    this.#arm();
    return { id, ttl };
  }

  /** The TTL in seconds from now on; 0 where there is no such lease. */
  keepAlive(id: LeaseId): number {
    const lease = this.#leases.get(id);
    if (lease === undefined) return 0;
    lease.expiresAt = this.#options.clock.monotonic() + lease.ttl * 1000;
    return lease.ttl;
  }

  view(id: LeaseId): LeaseView | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const left = Math.max(0, lease.expiresAt - this.#options.clock.monotonic());
    return { granted: lease.ttl, remaining: Math.floor(left / 1000), keys: lease.keys };
  }

  /** Ids, the soonest to expire first. */
  list(): LeaseId[] {
    return [...this.#leases.values()].sort((a, b) => a.expiresAt - b.expiresAt).map(({ id }) => id);
  }

  /**
   * Takes the lease out and tells its keys, which the caller deletes.
   * @throws EtcdError where there is no such lease.
   */
  remove(id: LeaseId): readonly string[] {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw leaseNotFound();
    this.#leases.delete(id);
    return [...lease.keys].sort();
  }

  attach(id: LeaseId, key: string): void {
    this.#leases.get(id)?.keys.add(key);
  }

  detach(id: LeaseId, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #freeId(): LeaseId {
    let id = this.#options.newId();
    while (id === NO_LEASE || this.#leases.has(id)) id = this.#options.newId();
    return id;
  }

  #arm(): void {
    const at = this.#queue.next;
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const wait = Math.min(Math.max(0, at - this.#options.clock.monotonic()), LONGEST_TIMER);
    this.#timer = { at, cancel: this.#options.clock.schedule(wait, () => this.#fall(at)) };
  }

  /** The deadline `at` has come, or the longest time that a timer takes. */
  #fall(at: number): void {
    const { clock } = this.#options;
    if (clock.monotonic() - at < STALL) this.#expire();
    else this.#timer = { at: -Infinity, cancel: clock.schedule(STALL, () => this.#expire()) };
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#options.clock.monotonic();
    for (let revoked = 0; revoked < REVOKED_PER_TURN && (this.#queue.next ?? Infinity) <= now;) {
      const lease = this.#queue.pop();
      if (lease === undefined || this.#leases.get(lease.id) !== lease) continue;
      if (lease.expiresAt > now) {
        this.#queue.push(lease.expiresAt, lease);
        continue;
      }
      revoked += 1;
      this.#options.onExpired(this.remove(lease.id));
    }
    this.#arm();
  }

  /** Revoked leases leave the queue at their deadline, or here when they have become the most of it. */
  #dropRevoked(): void {
    if (this.#queue.size < 2 * this.#leases.size + 1_000) return;
    this.#queue.reset([...this.#leases.values()].map((lease) => [lease.expiresAt, lease] as const));
  }
}
