import { NO_LEASE, type KeyValue, type LeaseId } from './wire.ts';

const EMPTY = Buffer.alloc(0);

/** The bytes that a version is counted with besides its key and value. */
const OVERHEAD = 64;

/** All kept versions of one key, oldest first. A version with `version` 0 is a tombstone: the key was deleted at its mod revision. */
export class KeyHistory {
  readonly key: string;
  readonly #bytes: Buffer;
  #versions: KeyValue[] = [];

  constructor(key: string) {
    this.key = key;
    this.#bytes = Buffer.from(key, 'latin1');
  }

  /** The newest version, or undefined where the key does not exist. */
  get current(): KeyValue | undefined {
    return alive(this.#versions.at(-1));
  }

  /** The version that was in force at `revision`. */
  at(revision: number): KeyValue | undefined {
    const newest = this.#versions.at(-1);
    if (newest === undefined || newest.modRevision <= revision) return alive(newest);
    return alive(this.#versions[this.#indexAt(revision)]);
  }

  put(revision: number, value: Buffer, lease: LeaseId): KeyValue {
    const { current } = this;
    const next: KeyValue = {
      key: this.#bytes,
      createRevision: current?.createRevision ?? revision,
      modRevision: revision,
      version: (current?.version ?? 0) + 1,
      value,
      lease,
    };
    this.#versions.push(next);
    return next;
  }

  delete(revision: number): KeyValue {
    const key = this.#bytes;
    const tombstone = { key, createRevision: 0, modRevision: revision, version: 0, value: EMPTY, lease: NO_LEASE };
    this.#versions.push(tombstone);
    return tombstone;
  }

  /** A version kept from an earlier life of the server. */
  restore(version: KeyValue): void {
    this.#versions = [{ ...version, key: this.#bytes }];
  }

  /** Forgets what no reader at `revision` or later can see; returns the bytes let go. */
  compact(revision: number): number {
    const first = this.#indexAt(revision);
    const keepFrom = alive(this.#versions[first]) === undefined ? first + 1 : first;
    if (keepFrom <= 0) return 0;
    return this.#versions.splice(0, keepFrom).reduce((bytes, version) => bytes + sizeOf(version), 0);
  }

  get empty(): boolean {
    return this.#versions.length === 0;
  }

  /** The index of the newest version not above `revision`; -1 where there is none. */
  #indexAt(revision: number): number {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#versions[middle]?.modRevision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

export function sizeOf(version: KeyValue): number {
  return OVERHEAD + version.key.length + version.value.length;
}

function alive(version: KeyValue | undefined): KeyValue | undefined {
  return version === undefined || version.version === 0 ? undefined : version;
}
