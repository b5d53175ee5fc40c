import type { Clock } from '@stampede/lifecycle';
import type { Journal, OpenedJournal } from './journal.ts';
import { KeySpace, type HistoryLimits } from './key-space.ts';
import { Lessor } from './lessor.ts';
import { WatchHub } from './watch-hub.ts';
import type { LeaseId, ResponseHeader } from './wire.ts';

/** A cluster of one has elected itself twice: once at its first start, once more here. Any constant would do. */
const RAFT_TERM = 2;

export interface EtcdNodeOptions extends OpenedJournal {
  readonly clock: Clock;
  readonly history: HistoryLimits;
  /** Bytes of live keys and values above which puts are refused. */
  readonly quotaBytes: number;
  /** An unsigned integer of 63 bits, as a decimal string. */
  readonly randomId: () => LeaseId;
}

/** The state of the one member: keys, leases and watches, and the journal that makes them last. */
export interface EtcdNode {
  readonly keys: KeySpace;
  readonly leases: Lessor;
  readonly hub: WatchHub;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly quotaBytes: number;
  readonly memberId: string;
  header(revision?: number): ResponseHeader;
  /** Ends a lease and deletes its keys, in one revision. @throws EtcdError */
  revoke(lease: LeaseId): void;
  /** Stops the clock of the leases and writes what is pending. */
  close(): Promise<void>;
}

export function createEtcdNode({ clock, history, quotaBytes, randomId, journal, restored }: EtcdNodeOptions): EtcdNode {
  const [clusterId, memberId] = [randomId(), randomId()];
  const deleteAll = (names: readonly string[]) => {
    keys.write((writer) => {
      for (const key of names) writer.delete({ kind: 'key', key });
    });
  };
  const leases = new Lessor({ clock, newId: randomId, onExpired: deleteAll });
  const keys = new KeySpace({
    links: leases,
    history,
    ...(restored && { restored }),
    onCommit(revision, changes) {
      journal.record(revision, changes);
      hub.wake();
    },
  });
  const hub = new WatchHub(keys, journal);
  return {
    keys,
    leases,
    hub,
    journal,
    clock,
    quotaBytes,
    memberId,
    header: (revision = keys.revision) => ({ clusterId, memberId, revision, raftTerm: RAFT_TERM }),
    revoke: (lease) => deleteAll(leases.remove(lease)),
    async close() {
      leases.close();
      await journal.close();
    },
  };
}
