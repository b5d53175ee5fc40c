import type { Clock } from '@stampede/lifecycle';
import type { Entry, Lease, Listing, PutOptions, WatchEvent } from './etcd.ts';
import { etcdError } from './etcd-error.ts';

/** All changes of one revision. */
export interface Revision {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** What an etcd keeps: keys with their history, and leases. One node, in memory, as the documentation of etcd's KV and Lease says. */
export interface MemoryStore {
  readonly clusterId: string;
  readonly revision: number;
  /** Revisions up to this one are no longer kept. */
  readonly compacted: number;
  /** Kept revisions from `revision` on, oldest first. */
  since(revision: number): readonly Revision[];
  list(prefix: string): Listing;
  put(key: string, value: string, options?: PutOptions): number;
  putIf(key: string, modRevision: number, value: string, options?: PutOptions): number | undefined;
  delete(key: string): boolean;
  grantLease(ttlSeconds: number): Lease;
  refreshLease(leaseId: string): number;
  revokeLease(leaseId: string): void;
  compact(revision: number): void;
  /** Every lease starts its time anew, as after a restart of the server. */
  renewLeases(): void;
  backup(): MemoryBackup;
  /** Ends all timers. */
  close(): void;
}

/** All that a store held at one revision. */
export interface MemoryBackup {
  readonly revision: number;
  readonly entries: readonly Entry[];
  readonly leases: readonly Lease[];
}

export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly clusterId: string;
  /** Never the same twice, over all stores of a server. */
  readonly newLeaseId: () => string;
  readonly onRevision: (revision: Revision) => void;
  /** What the store begins with; each lease has its whole time before it. */
  readonly backup?: MemoryBackup;
}

interface HeldLease {
  readonly ttlSeconds: number;
  readonly keys: Set<string>;
  cancelExpiry: () => void;
}

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { clock, clusterId, newLeaseId, onRevision, backup } = options;
  const entries = new Map<string, Entry>();
  const leases = new Map<string, HeldLease>();
  let history: Revision[] = [];
  let revision = backup?.revision ?? 1;
  let compacted = backup?.revision ?? 0;
  for (const lease of backup?.leases ?? []) hold(lease);
  for (const entry of backup?.entries ?? []) {
    entries.set(entry.key, entry);
    if (entry.leaseId !== undefined) leases.get(entry.leaseId)?.keys.add(entry.key);
  }

  function commit(events: readonly WatchEvent[]): void {
    const change = { revision, events };
    history.push(change);
    onRevision(change);
  }

  function put(key: string, value: string, { leaseId }: PutOptions = {}): number {
    const lease = leaseId === undefined ? undefined : leaseOf(leaseId);
    const old = entries.get(key);
    if (old?.leaseId !== undefined) leases.get(old.leaseId)?.keys.delete(key);
    lease?.keys.add(key);
    revision += 1;
    const { createRevision, version } = old ?? { createRevision: revision, version: 0 };
    const entry = { key, value, createRevision, modRevision: revision, version: version + 1, leaseId };
    entries.set(key, entry);
    commit([{ type: 'put', entry }]);
    return revision;
  }

  function deleteAll(keys: readonly string[]): boolean {
    const there = keys.filter((key) => entries.has(key)).sort();
    if (there.length === 0) return false;
    revision += 1;
    for (const key of there) {
      const { leaseId } = entries.get(key) ?? {};
      if (leaseId !== undefined) leases.get(leaseId)?.keys.delete(key);
      entries.delete(key);
    }
    commit(there.map((key) => ({ type: 'delete', key, revision })));
    return true;
  }

  function leaseOf(leaseId: string): HeldLease {
    const lease = leases.get(leaseId);
    if (lease === undefined) throw etcdError('ETCD_LEASE_NOT_FOUND', `lease ${leaseId} is no more`);
    return lease;
  }

  function endLease(leaseId: string): void {
    const lease = leaseOf(leaseId);
    lease.cancelExpiry();
    leases.delete(leaseId);
    deleteAll([...lease.keys]);
  }

  function renew(leaseId: string, lease: HeldLease): void {
    lease.cancelExpiry();
    lease.cancelExpiry = clock.schedule(lease.ttlSeconds * 1000, () => endLease(leaseId));
  }

  function hold({ id, ttlSeconds }: Lease): void {
    const lease: HeldLease = { ttlSeconds, keys: new Set(), cancelExpiry: () => undefined };
    leases.set(id, lease);
    renew(id, lease);
  }

  return {
    clusterId,
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    since: (from) => history.filter((change) => change.revision >= from),
    list: (prefix) => ({
      clusterId,
      revision,
      entries: [...entries.values()]
        .filter((entry) => entry.key.startsWith(prefix))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    }),
    put,
    putIf: (key, modRevision, value, options) =>
      (entries.get(key)?.modRevision ?? 0) === modRevision ? put(key, value, options) : undefined,
    delete: (key) => deleteAll([key]),
    grantLease(ttlSeconds) {
      const lease = { id: newLeaseId(), ttlSeconds };
      hold(lease);
      return lease;
    },
    refreshLease(leaseId) {
      const lease = leaseOf(leaseId);
      renew(leaseId, lease);
      return lease.ttlSeconds;
    },
    revokeLease: endLease,
    compact(upTo) {
      compacted = Math.min(upTo, revision);
      history = history.filter((change) => change.revision > compacted);
    },
    renewLeases() {
      for (const [id, lease] of leases) renew(id, lease);
    },
    backup: () => ({
      revision,
      entries: [...entries.values()],
      leases: [...leases].map(([id, { ttlSeconds }]) => ({ id, ttlSeconds })),
    }),
    close() {
      for (const lease of leases.values()) lease.cancelExpiry();
    },
  };
}
