import type { Clock } from '@stampede/lifecycle';
import { backoffMs } from './backoff.ts';
import { isEtcdError } from './etcd-error.ts';
import type { Entry, Etcd, EtcdLog, Listing, Position, Watch, WatchEvent } from './etcd.ts';

/** What has changed under the prefix since the last time. No key is both in `puts` and in `deletes`. */
export interface Changes {
  readonly puts: readonly Entry[];
  readonly deletes: readonly string[];
  /**
   * True when etcd came back as another history (a new cluster id, a lower revision): `puts` holds all there is, and `deletes` what this
   * history does not know, which need not mean that anybody deleted it.
   */
  readonly reset: boolean;
}

export interface FollowOptions {
  readonly etcd: Pick<Etcd, 'list' | 'watchPrefix'>;
  readonly prefix: string;
  /** First called with all that is there, be it nothing; then with each change. */
  readonly onChanges: (changes: Changes) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: EtcdLog;
  /** Milliseconds between two listings while the watch seems well, give or take a quarter; 60,000 if absent. */
  readonly relistMs?: number;
}

export interface Follower {
  /** Nothing is told afterwards. */
  close(): void;
}

/** A watch that lived for less than this (milliseconds) counts as a failure to watch, so that the next one waits longer. */
const STEADY_MS = 5_000;

/**
 * Follows all keys under a prefix until it, or the client, is closed: a listing, then a watch from the next revision on. It lists again when the watch ends
 * for any reason, when the watch turns out to be another history's or behind us (such a watch is silent,
 * https://github.com/etcd-io/etcd/issues/14303), and now and then regardless, since servers have been known to drop events
 * (https://github.com/etcd-io/etcd/issues/17529, https://github.com/etcd-io/etcd/issues/18089). While etcd cannot be reached nothing is told.
 *
 * @example const follower = followPrefix({ etcd, prefix: '/services/', onChanges: ({ puts, deletes }) => apply(puts, deletes), clock, random, log });
 */
export function followPrefix({
  etcd,
  prefix,
  onChanges,
  clock,
  random,
  log,
  relistMs = 60_000,
}: FollowOptions): Follower {
  const closing = new AbortController();
  const mirror = createMirror();
  let watch: Watch | undefined;
  let wake = Promise.withResolvers<undefined>();

  function tell(changes: Changes | undefined): void {
    if (changes === undefined) return;
    try {
      onChanges(changes);
    } catch (error) {
      log.error({ err: error, prefix }, 'a listener failed on a change in etcd');
    }
  }

  function startWatch(from: Position): void {
    watch?.cancel();
    const end = (reason: string, message: string) => {
      if (watch !== mine) return;
      mine.cancel();
      watch = undefined;
      if (!closing.signal.aborted) log.info({ prefix, reason, detail: message }, 'a watch has ended; listing again');
      wake.resolve(undefined);
    };
    const mine = etcd.watchPrefix(prefix, from.revision + 1, {
      onCreated(at) {
        if (at.clusterId !== from.clusterId)
          end('reset', `cluster ${at.clusterId} answers in place of ${from.clusterId}`);
        else if (at.revision < from.revision)
          end('behind', `the server stands at ${at.revision}, we at ${from.revision}`);
      },
      onEvents: (events) => tell(mirror.takeEvents(events)),
      onEnded: ({ reason, message }) => end(reason, message),
    });
    watch = mine;
  }

  /** Resolves when the watch has ended, or it is time to list regardless. */
  async function watched(): Promise<void> {
    wake = Promise.withResolvers();
    if (watch === undefined || closing.signal.aborted) return;
    const cancel = clock.schedule(relistMs * (0.75 + random() / 2), () => wake.resolve(undefined));
    await wake.promise.finally(cancel);
  }

  async function run(): Promise<void> {
    let failures = 0;
    let away = false;
    for (;;) {
      closing.signal.throwIfAborted();
      let listing: Listing;
      mirror.listing();
      try {
        listing = await etcd.list(prefix);
      } catch (error) {
        closing.signal.throwIfAborted();
        if (isEtcdError(error, 'ETCD_CLOSED')) return;
        if (!away) log.warn({ err: error, prefix }, 'etcd cannot be listed; what is known stays');
        away = true;
        await clock.sleep(backoffMs(failures++, random), closing.signal);
        continue;
      }
      closing.signal.throwIfAborted();
      if (away) log.info({ prefix, revision: listing.revision }, 'etcd can be listed again');
      away = false;
      const { changes, position } = mirror.takeListing(listing);
      tell(changes);
      if (watch === undefined || changes !== undefined) startWatch(position);
      const since = clock.monotonic();
      await watched();
      if (clock.monotonic() - since >= STEADY_MS) failures = 0;
      if (watch === undefined) await clock.sleep(backoffMs(failures++, random), closing.signal);
    }
  }

  void run().catch((error: unknown) => {
    if (!closing.signal.aborted) log.error({ err: error, prefix }, 'following a prefix has failed');
  });
  return {
    close() {
      closing.abort();
      watch?.cancel();
      watch = undefined;
      wake.resolve(undefined);
    },
  };
}

/** What has been told so far, and which part of a listing or of a watch's events is news. */
function createMirror() {
  /** Every key that has been told, as it was told. */
  let told = new Map<string, Entry>();
  /** Every event up to here has been told. */
  let position: Position | undefined;
  /** Where we stood when the listing under way was asked for, and what the watch has said since; no listing, no list. */
  let standing: Position | undefined;
  let meanwhile: WatchEvent[] | undefined;

  return {
    /** A listing has been asked for: its answer may be older than what the watch says until it arrives. */
    listing(): void {
      standing = position;
      meanwhile = [];
    },

    takeListing(listing: Listing): { changes: Changes | undefined; position: Position } {
      const first = standing === undefined;
      const reset =
        standing !== undefined && (listing.clusterId !== standing.clusterId || listing.revision < standing.revision);
      const entries = new Map(listing.entries.map((entry) => [entry.key, entry]));
      let { revision } = listing;
      for (const event of reset ? [] : (meanwhile ?? [])) {
        if (revisionOf(event) <= listing.revision) continue;
        revision = Math.max(revision, revisionOf(event));
        if (event.type === 'put') entries.set(event.entry.key, event.entry);
        else entries.delete(event.key);
      }
      const puts = [...entries.values()].filter((entry) => reset || !same(told.get(entry.key), entry));
      const deletes = [...told.keys()].filter((key) => !entries.has(key));
      told = entries;
      position = { clusterId: listing.clusterId, revision };
      meanwhile = undefined;
      const changes = first || reset || puts.length + deletes.length > 0 ? { puts, deletes, reset } : undefined;
      return { changes, position };
    },

    takeEvents(events: readonly WatchEvent[]): Changes | undefined {
      if (position === undefined) return undefined;
      const { clusterId, revision: seen } = position;
      const news = events.filter((event) => revisionOf(event) > seen);
      meanwhile?.push(...news);
      const last = new Map(news.map((event) => [keyOf(event), event]));
      const puts: Entry[] = [];
      const deletes: string[] = [];
      for (const event of last.values()) {
        if (event.type === 'put') puts.push(event.entry);
        else if (told.has(event.key)) deletes.push(event.key);
      }
      for (const entry of puts) told.set(entry.key, entry);
      for (const key of deletes) told.delete(key);
      position = { clusterId, revision: news.reduce((most, event) => Math.max(most, revisionOf(event)), seen) };
      return puts.length + deletes.length > 0 ? { puts, deletes, reset: false } : undefined;
    },
  };
}

/** A history that was restored, and has come as far since, may have another value at the same revision. */
function same(a: Entry | undefined, b: Entry): boolean {
  return a?.modRevision === b.modRevision && a.value === b.value;
}

function keyOf(event: WatchEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}

function revisionOf(event: WatchEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.revision;
}
