import { followPrefix, type Changes, type Etcd, type EtcdLog } from '@stampede/etcd';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Discovery, Instance, InstanceSet } from '@stampede/rpc';
import { grpcNaming } from './grpc-naming.ts';
import type { InstanceCodec } from './instance-codec.ts';
import { createServiceView, type ServiceView } from './service-view.ts';

/** Of `createWatcher`. */
export interface WatcherOptions {
  readonly etcd: Pick<Etcd, 'list' | 'watchPrefix'>;
  readonly log: EtcdLog;
  readonly clock?: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random?: () => number;
  readonly codec?: InstanceCodec;
  /** The registrars' lease, within which a mass departure counts as one; 10 if absent. */
  readonly leaseSeconds?: number;
  /** Milliseconds between listings while the watch seems well; 60,000 if absent. */
  readonly relistMs?: number;
}

/** A `Discovery` over etcd; made by `createWatcher`. */
export interface Watcher extends Discovery {
  /** No listener is called afterwards. */
  close(): Promise<void>;
}

type Listener = (set: InstanceSet) => void;

/** What one batch of changes does to one service. */
interface Turn {
  readonly puts: [string, Instance][];
  readonly deletes: string[];
}

const NOTHING: InstanceSet = { listed: [], fading: [] };

/**
 * Knows every instance of every service, from one watch over all of them, and keeps the last it knew while etcd is away or ill
 * (the rules: service-view.ts). It starts at once.
 *
 * @example const watcher = createWatcher({ etcd, log }); const end = watcher.watch('inventory', ({ listed }) => connectTo(listed));
 */
export function createWatcher(options: WatcherOptions): Watcher {
  const {
    etcd,
    log,
    clock = systemClock,
    random = Math.random,
    codec = grpcNaming,
    leaseSeconds = 10,
    relistMs,
  } = options;
  const views = new Map<string, ServiceView>();
  /** By service: who listens, and the set each was told last. */
  const listeners = new Map<string, Map<Listener, InstanceSet | undefined>>();
  let known = false;

  function notify(service: string): void {
    for (const listener of [...(listeners.get(service)?.keys() ?? [])]) tell(service, listener);
  }

  /** A listener may answer with `gone`, which tells everybody a newer set: what is told is the newest, and nothing twice. */
  function tell(service: string, listener: Listener): void {
    const all = listeners.get(service);
    const set = views.get(service)?.set() ?? NOTHING;
    if (all?.has(listener) !== true || all.get(listener) === set) return;
    all.set(listener, set);
    try {
      listener(set);
    } catch (error) {
      log.error({ err: error, service }, 'a listener failed on a change of instances');
    }
  }

  function take({ puts, deletes, reset }: Changes): void {
    const turns = new Map<string, Turn>();
    const turnOf = (key: string) => {
      const service = codec.serviceOf(key);
      if (service === undefined) return undefined;
      const turn = turns.get(service) ?? { puts: [], deletes: [] };
      turns.set(service, turn);
      return turn;
    };
    for (const { key, value } of puts) {
      const instance = codec.read(key, value);
      // Whoever was known by this key stays: its registrar will put things right.
      if (instance === undefined) log.warn({ key, value }, 'a registration cannot be read');
      else turnOf(key)?.puts.push([key, instance]);
    }
    for (const key of deletes) turnOf(key)?.deletes.push(key);

    const first = !known;
    known = true;
    const now = clock.monotonic();
    const changed = [...turns]
      .filter(([service, turn]) => apply(service, turn, reset, now))
      .map(([service]) => service);
    for (const service of first ? listeners.keys() : changed) notify(service);
    for (const [service, view] of views) if (view.empty(now)) views.delete(service);
  }

  function apply(service: string, { puts, deletes }: Turn, reset: boolean, now: number): boolean {
    let view = views.get(service);
    if (view === undefined) {
      view = createServiceView(leaseSeconds * 1000);
      views.set(service, view);
    }
    let changed = false;
    for (const [key, instance] of puts) changed = view.put(key, instance) || changed;
    if (deletes.length > 0) changed = (reset ? view.lose(deletes) : view.depart(deletes, now)) || changed;
    const { listed, fading } = view.set();
    if (changed && deletes.length > 0 && fading.length > 0) {
      log.warn({ service, listed: listed.length, fading: fading.length, reset }, 'instances are fading');
    }
    return changed;
  }

  const follower = followPrefix({
    etcd,
    prefix: codec.prefix,
    onChanges: take,
    clock,
    random,
    log,
    ...(relistMs !== undefined && { relistMs }),
  });

  return {
    watch(service, listener) {
      // A function of its own, so that one listener may watch twice.
      const own: Listener = (set) => listener(set);
      const all = listeners.get(service) ?? new Map<Listener, InstanceSet | undefined>();
      listeners.set(service, all.set(own, undefined));
      if (known) tell(service, own);
      return () => {
        all.delete(own);
        if (all.size === 0 && listeners.get(service) === all) listeners.delete(service);
      };
    },
    gone(service, instanceId) {
      if (views.get(service)?.gone(instanceId) === true) notify(service);
    },
    close() {
      follower.close();
      listeners.clear();
      return Promise.resolve();
    },
  };
}
