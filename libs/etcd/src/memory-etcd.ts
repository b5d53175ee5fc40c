import type { Clock } from '@stampede/lifecycle';
import type { Etcd, Position, Watch, WatchEnd, WatchEvent, WatchHandlers } from './etcd.ts';
import { etcdError, isEtcdError } from './etcd-error.ts';
import { createMemoryStore, type MemoryBackup, type MemoryStore, type Revision } from './memory-store.ts';

/** What the network does to one call, or (`replyMs` alone) to one message of a watch. */
export interface Fate {
  /** Milliseconds until the server hears of the call. */
  readonly requestMs?: number;
  /** Milliseconds until the client hears the answer. */
  readonly replyMs?: number;
  /** A lost request was never heard; a lost reply was, and carried out. Either way the caller learns nothing for `timeoutMs`. */
  readonly lost?: 'request' | 'reply';
}

export interface MemoryClientOptions {
  /** Asked once a message; no trouble if absent. */
  readonly fate?: () => Fate;
  /** Milliseconds until a lost call fails; 2,000 if absent. */
  readonly timeoutMs?: number;
}

export interface MemoryClient extends Etcd {
  /** Parts the client from the server: calls fail as unavailable, watches end. */
  cut(): void;
  heal(): void;
}

/** A server of etcd in memory, with the misfortunes of a real one at hand. */
export interface MemoryEtcd {
  readonly store: MemoryStore;
  connect(options?: MemoryClientOptions): MemoryClient;
  /** Ends every connection and refuses new ones; leases do not expire meanwhile. */
  stop(): void;
  /** Keeps what there is now, for `start('restored')`. */
  backUp(): void;
  /**
   * Comes back as it was, each lease with its whole time before it; or `empty`, as another cluster; or `restored`, as the same cluster but as it
   * was when it was backed up last, or at first.
   */
  start(how?: 'kept' | 'empty' | 'restored'): void;
  /** From now on watches hear nothing, and do not know. */
  muteWatches(muted: boolean): void;
  /** Forgets all history. */
  compact(): void;
  close(): void;
}

interface OpenWatch {
  readonly prefix: string;
  readonly fromRevision: number;
  readonly owner: object;
  send(deliver: () => void): void;
  readonly handlers: WatchHandlers;
  end(end: WatchEnd): void;
}

/**
 * An in-memory stand-in for etcd behind the same port, under a clock and a network that the test owns: the seam for simulations of what is
 * built on {@link Etcd}. The same suite of cases runs against it and a real server.
 *
 * @example const server = createMemoryEtcd({ clock: fakeClock() }); const etcd = server.connect(); server.stop();
 */
export function createMemoryEtcd({ clock }: { readonly clock: Clock }): MemoryEtcd {
  const watches = new Set<OpenWatch>();
  let clusters = 0;
  let leases = 0;
  let running = true;
  let muted = false;
  let store = newStore();
  let backup = store.backup();

  function newStore(of?: { readonly clusterId: string; readonly backup: MemoryBackup }): MemoryStore {
    if (of === undefined) clusters += 1;
    return createMemoryStore({
      clock,
      clusterId: `${clusters}00`,
      ...of,
      newLeaseId: () => `${(leases += 1)}00`,
      onRevision(change) {
        if (muted) return;
        for (const watch of watches) tell(watch, [change]);
      },
    });
  }

  function tell(watch: OpenWatch, changes: readonly Revision[]): void {
    const events = changes
      .filter((change) => change.revision >= watch.fromRevision)
      .flatMap((change) => change.events.filter((event) => keyOf(event).startsWith(watch.prefix)));
    if (events.length > 0) watch.send(() => watch.handlers.onEvents(events));
  }

  function disconnect(owner?: object): void {
    for (const watch of [...watches]) {
      if (owner === undefined || watch.owner === owner) watch.end({ reason: 'disconnected', message: 'cut off' });
    }
  }

  function connect({ fate = () => ({}), timeoutMs = 2_000 }: MemoryClientOptions = {}): MemoryClient {
    const owner = {};
    let linked = true;
    let closed = false;
    const reachable = () => running && linked;

    async function call<T>(work: () => T): Promise<T> {
      const { requestMs = 0, replyMs = 0, lost } = fate();
      await pause(requestMs);
      if (closed) throw etcdError('ETCD_CLOSED', 'the client was closed');
      if (lost !== 'request') {
        if (!reachable()) throw etcdError('ETCD_UNAVAILABLE', 'cut off');
        const result = work();
        await pause(replyMs);
        if (lost === undefined && reachable()) return result;
      }
      if (lost === undefined) throw etcdError('ETCD_UNAVAILABLE', 'cut off before the answer');
      await clock.sleep(timeoutMs);
      throw etcdError('ETCD_TIMEOUT', `no answer within ${timeoutMs} ms`);
    }

    async function pause(ms: number): Promise<void> {
      if (ms > 0) await clock.sleep(ms);
      else await Promise.resolve();
    }

    function watchPrefix(prefix: string, fromRevision: number, handlers: WatchHandlers): Watch {
      let line = Promise.resolve();
      let over = false;
      const watch: OpenWatch = {
        prefix,
        fromRevision,
        owner,
        handlers,
        send(deliver) {
          const delayMs = fate().replyMs ?? 0;
          line = line.then(() => pause(delayMs)).then(() => (over ? undefined : deliver()));
        },
        end(end) {
          watches.delete(watch);
          watch.send(() => {
            over = true;
            handlers.onEnded(end);
          });
        },
      };
      if (closed || !reachable()) {
        watch.end({ reason: 'disconnected', message: 'cut off' });
        return { cancel: () => void (over = true) };
      }
      const at: Position = { clusterId: store.clusterId, revision: store.revision };
      watch.send(() => handlers.onCreated?.(at));
      if (fromRevision <= store.compacted) {
        watch.end({ reason: 'compacted', message: `everything up to revision ${store.compacted} is gone` });
      } else {
        watches.add(watch);
        tell(watch, store.since(fromRevision));
      }
      return {
        cancel() {
          over = true;
          watches.delete(watch);
        },
      };
    }

    return {
      list: (prefix) => call(() => store.list(prefix)),
      get: (key) => call(() => store.list(key).entries.find((entry) => entry.key === key)),
      first: (prefix, from) => call(() => store.list(prefix).entries.find((entry) => entry.key >= from)),
      put: (key, value, options) => call(() => store.put(key, value, options)),
      putIf: (key, revision, value, options) => call(() => store.putIf(key, revision, value, options)),
      delete: (key) => call(() => store.delete(key)),
      grantLease: (ttlSeconds) => call(() => store.grantLease(ttlSeconds)),
      refreshLease: (leaseId) => call(() => store.refreshLease(leaseId)),
      async revokeLease(leaseId) {
        try {
          await call(() => store.revokeLease(leaseId));
        } catch (error) {
          if (!isEtcdError(error, 'ETCD_LEASE_NOT_FOUND')) throw error;
        }
      },
      watchPrefix,
      close() {
        closed = true;
        for (const watch of [...watches]) if (watch.owner === owner) watches.delete(watch);
        return Promise.resolve();
      },
      cut() {
        linked = false;
        disconnect(owner);
      },
      heal: () => void (linked = true),
    };
  }

  return {
    get store() {
      return store;
    },
    connect,
    stop() {
      running = false;
      store.close();
      disconnect();
    },
    backUp: () => void (backup = store.backup()),
    start(how = 'kept') {
      running = true;
      store.close();
      if (how !== 'kept') disconnect();
      if (how === 'kept') store.renewLeases();
      else if (how === 'restored') store = newStore({ clusterId: store.clusterId, backup });
      else {
        store = newStore();
        backup = store.backup();
      }
    },
    muteWatches: (mute) => void (muted = mute),
    compact: () => store.compact(store.revision),
    close: () => store.close(),
  };
}

function keyOf(event: WatchEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}
