/** A key with its value. Keys and values are UTF-8 text. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 when the key was created, one more with every put. */
  readonly version: number;
  /** The lease the key dies with, if any. */
  readonly leaseId: string | undefined;
}

/** Which history an answer belongs to. Another cluster id, or a lower revision, is another history: nothing learned before counts. */
export interface Position {
  readonly clusterId: string;
  readonly revision: number;
}

/** Every key under a prefix at one revision, sorted by key. */
export interface Listing extends Position {
  readonly entries: readonly Entry[];
}

export type WatchEvent =
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'delete'; readonly key: string; /** The revision of the deletion. */ readonly revision: number };

/** Why a watch is over: cut off, from a revision that is no longer kept, or refused. */
export interface WatchEnd {
  readonly reason: 'disconnected' | 'compacted' | 'error';
  readonly message: string;
}

/** None is called before `watchPrefix` has returned, nor after `cancel`. */
export interface WatchHandlers {
  /** The server has set the watch up; `at` is where the server stands. A revision below the one asked for means that the server has not reached it: such a watch is silent. */
  onCreated?(at: Position): void;
  /** All events of one or more whole revisions, in order. */
  onEvents(events: readonly WatchEvent[]): void;
  /** The watch is over and will not come back. Called at most once. */
  onEnded(end: WatchEnd): void;
}

export interface Watch {
  /** Ends the watch; no handler is called afterwards. */
  cancel(): void;
}

export interface Lease {
  readonly id: string;
  /** What the server granted; may differ from what was asked for. */
  readonly ttlSeconds: number;
}

export interface PutOptions {
  readonly leaseId?: string;
}

/**
 * What we need of etcd, and all that our code knows of it. Every call ends within its deadline. Failures are `AppError`s with an
 * `EtcdReason`; after `ETCD_UNAVAILABLE` and `ETCD_TIMEOUT` a write may or may not have happened.
 */
export interface Etcd {
  /** Every key that starts with `prefix`, read in pages at one revision. */
  list(prefix: string): Promise<Listing>;
  get(key: string): Promise<Entry | undefined>;
  /** The first key that starts with `prefix` and is not below `from`: to look over many without reading all. */
  first(prefix: string, from: string): Promise<Entry | undefined>;
  /** Gives the revision of the write. */
  put(key: string, value: string, options?: PutOptions): Promise<number>;
  /** Puts only if the key still stands at `modRevision`; 0 means that it must not exist. Gives the new revision, or undefined if it was not so. */
  putIf(key: string, modRevision: number, value: string, options?: PutOptions): Promise<number | undefined>;
  /** Gives whether there was such a key. */
  delete(key: string): Promise<boolean>;
  grantLease(ttlSeconds: number): Promise<Lease>;
  /** Starts the lease's time anew and gives it, in seconds. `ETCD_LEASE_NOT_FOUND` if it has expired or was revoked. */
  refreshLease(leaseId: string): Promise<number>;
  /** Ends the lease and deletes its keys; a lease that is no more is fine. */
  revokeLease(leaseId: string): Promise<void>;
  /** Watches every key that starts with `prefix`, from `fromRevision` on, that one included. It never resumes by itself. */
  watchPrefix(prefix: string, fromRevision: number, handlers: WatchHandlers): Watch;
  /** Cancels what is open, calls of other owners included; watches end without a word. */
  close(): Promise<void>;
}

/** What a component of this library says while it works; a pino logger fits. */
export interface EtcdLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
