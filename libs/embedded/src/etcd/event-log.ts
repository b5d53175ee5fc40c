import type { KeyValue } from './wire.ts';

/** One change of one key. */
export interface Change {
  readonly kind: 'put' | 'delete';
  readonly key: string;
  /** The new version; of a deletion the tombstone, which has the key and the mod revision alone. */
  readonly version: KeyValue;
}

/** What every revision since the last compaction changed, for watchers to read at their own pace. Each revision changed something. */
export class EventLog {
  #first: number;
  #revisions: (readonly Change[])[] = [];

  /** `first`: the revision that will be appended first. */
  constructor(first: number) {
    this.#first = first;
  }

  append(changes: readonly Change[]): void {
    this.#revisions.push(changes);
  }

  /** The changes of a revision in their order; none where it is unknown. */
  at(revision: number): readonly Change[] {
    return this.#revisions[revision - this.#first] ?? [];
  }

  /** Lets go of every revision below `revision`, telling the changes let go. */
  dropBelow(revision: number): (readonly Change[])[] {
    const dropped = this.#revisions.splice(0, Math.max(0, revision - this.#first));
    this.#first += dropped.length;
    return dropped;
  }
}
