import { compacted, futureRevision } from './etcd-error.ts';
import { EventLog, type Change } from './event-log.ts';
import { KeyHistory, sizeOf } from './key-history.ts';
import type { KeyRange } from './key-range.ts';
import { SortedMap } from './sorted-map.ts';
import type { KeyValue, LeaseId } from './wire.ts';

/** Who must know which key hangs on which lease. */
export interface LeaseLinks {
  attach(lease: LeaseId, key: string): void;
  detach(lease: LeaseId, key: string): void;
}

export interface HistoryLimits {
  /** Revisions kept for watchers and readers of the past; the oldest are compacted when a quarter more has gathered. */
  readonly revisions: number;
  /** Bytes of superseded versions kept at most; half of the history goes when there are more. */
  readonly bytes: number;
}

export interface KeySpaceOptions {
  readonly links: LeaseLinks;
  readonly history: HistoryLimits;
  /** Called at the end of each revision. */
  readonly onCommit: (revision: number, changes: readonly Change[]) => void;
  /** What an earlier life of the server left; everything before `revision` counts as compacted. */
  readonly restored?: { readonly revision: number; readonly versions: Iterable<KeyValue> };
}

export interface Found {
  readonly kvs: KeyValue[];
  /** How many keys there are in the range, whatever the limit. */
  readonly count: number;
}

export interface FindOptions {
  /** 0 or less: the newest. */
  readonly revision?: number;
  /** Versions returned at most; 0 or less: all. */
  readonly limit?: number;
}

/** The changes of one revision in the making. All checks come before: what is begun is committed. */
export interface Writer {
  readonly put: (key: string, value: Buffer, lease: LeaseId) => void;
  /** Deletes what there is in the range and tells the versions deleted. */
  readonly delete: (range: KeyRange) => readonly KeyValue[];
  /** The revision that a read inside sees, and the answer's header names: the next one as soon as something changed. */
  readonly revision: () => number;
}

/** The multi-version key space: every write makes a new revision, and revisions since the last compaction can be read and watched. */
export class KeySpace {
  readonly #keys = new SortedMap<KeyHistory>();
  readonly #links: LeaseLinks;
  readonly #limits: HistoryLimits;
  readonly #onCommit: KeySpaceOptions['onCommit'];
  readonly #log: EventLog;
  #revision: number;
  #compacted: number;
  #liveBytes = 0;
  #keptBytes = 0;

  constructor({ links, history, onCommit, restored }: KeySpaceOptions) {
    this.#links = links;
    this.#limits = history;
    this.#onCommit = onCommit;
    // A new etcd stands at revision 1, and has compacted nothing yet: -1.
    this.#revision = restored?.revision ?? 1;
    this.#compacted = restored?.revision ?? -1;
    this.#log = new EventLog(this.#revision + 1);
    for (const version of restored?.versions ?? []) {
      const history = this.#historyOf(version.key.toString('latin1'));
      history.restore(version);
      this.#count(version);
    }
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that can still be read; watchers may start there too. -1 before any compaction. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  /** Bytes of the newest versions, and of all that are kept. */
  get bytes(): { readonly live: number; readonly kept: number } {
    return { live: this.#liveBytes, kept: this.#keptBytes };
  }

  get(key: string): KeyValue | undefined {
    return this.#keys.get(key)?.current;
  }

  /** @throws EtcdError where the revision is compacted or not reached yet. */
  find(range: KeyRange, { revision = 0, limit = 0 }: FindOptions = {}): Found {
    this.checkReadable(revision);
    const kvs: KeyValue[] = [];
    let count = 0;
    for (const history of this.#histories(range)) {
      const version = revision > 0 ? history.at(revision) : history.current;
      if (version === undefined) continue;
      count += 1;
      if (limit <= 0 || kvs.length < limit) kvs.push(version);
    }
    return { kvs, count };
  }

  checkReadable(revision: number): void {
    if (revision > this.#revision) throw futureRevision();
    if (revision > 0 && revision < this.#compacted) throw compacted();
  }

  /** The version of a key right before `revision`; undefined where there was none or it is compacted away. */
  before(key: string, revision: number): KeyValue | undefined {
    return revision - 1 < this.#compacted ? undefined : this.#keys.get(key)?.at(revision - 1);
  }

  changesAt(revision: number): readonly Change[] {
    return this.#log.at(revision);
  }

  /** Runs `work`; if it changed anything, the changes become the next revision. */
  write<T>(work: (writer: Writer) => T): T {
    const next = this.#revision + 1;
    const changes: Change[] = [];
    const result = work({
      put: (key, value, lease) => {
        changes.push({ kind: 'put', key, version: this.#put(next, key, value, lease) });
      },
      delete: (range) => {
        const deleted = this.find(range).kvs;
        for (const version of deleted) {
          const key = version.key.toString('latin1');
          changes.push({ kind: 'delete', key, version: this.#delete(next, key, version) });
        }
        return deleted;
      },
      revision: () => (changes.length > 0 ? next : this.#revision),
    });
    if (changes.length > 0) {
      this.#revision = next;
      this.#log.append(changes);
      this.#onCommit(next, changes);
      this.#keepWithinLimits();
    }
    return result;
  }

  /**
   * Forgets what cannot be seen at `revision` or later.
   * @throws EtcdError where that is done already or the revision is not reached yet.
   */
  compact(revision: number): void {
    if (revision <= this.#compacted) throw compacted();
    if (revision > this.#revision) throw futureRevision();
    this.#compacted = revision;
    for (const changes of this.#log.dropBelow(revision)) for (const { key } of changes) this.#prune(key, revision);
    // The changes of `revision` itself stay for watchers, but what they superseded goes.
    for (const { key } of this.#log.at(revision)) this.#prune(key, revision);
  }

  #put(revision: number, key: string, value: Buffer, lease: LeaseId): KeyValue {
    const history = this.#historyOf(key);
    const { current } = history;
    if (current?.lease !== lease) {
      if (current !== undefined) this.#links.detach(current.lease, key);
      this.#links.attach(lease, key);
    }
    if (current !== undefined) this.#liveBytes -= sizeOf(current);
    const version = history.put(revision, value, lease);
    this.#count(version);
    return version;
  }

  #delete(revision: number, key: string, current: KeyValue): KeyValue {
    this.#links.detach(current.lease, key);
    const tombstone = this.#historyOf(key).delete(revision);
    this.#liveBytes -= sizeOf(current);
    this.#keptBytes += sizeOf(tombstone);
    return tombstone;
  }

  #count(version: KeyValue): void {
    this.#liveBytes += sizeOf(version);
    this.#keptBytes += sizeOf(version);
  }

  #prune(key: string, revision: number): void {
    const history = this.#keys.get(key);
    if (history === undefined) return;
    this.#keptBytes -= history.compact(revision);
    if (history.empty) this.#keys.delete(key);
  }

  #keepWithinLimits(): void {
    const oldest = () => Math.max(1, this.#compacted);
    if (this.#revision - oldest() > this.#limits.revisions * 1.25)
      this.compact(this.#revision - this.#limits.revisions);
    while (this.#keptBytes - this.#liveBytes > this.#limits.bytes && oldest() < this.#revision) {
      this.compact(Math.ceil((oldest() + this.#revision) / 2));
    }
  }

  #historyOf(key: string): KeyHistory {
    let history = this.#keys.get(key);
    if (history === undefined) {
      history = new KeyHistory(key);
      this.#keys.set(key, history);
    }
    return history;
  }

  #histories(range: KeyRange): Iterable<KeyHistory> {
    if (range.kind === 'span') return this.#keys.between(range.from, range.to);
    const history = this.#keys.get(range.key);
    return history === undefined ? [] : [history];
  }
}
