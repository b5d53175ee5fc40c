import { connectEtcd, type Etcd, type EtcdLog } from '@stampede/etcd';
import { experimental, status } from '@grpc/grpc-js';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Discovery, Instance, InstanceSet } from '@stampede/rpc';
import { splitAddress } from './address.ts';
import { createWatcher } from './create-watcher.ts';

type Listener = ConstructorParameters<Parameters<typeof experimental.registerResolver>[1]>[1];

/** Where instances are learned (an existing watcher, a client of etcd, or the addresses of one), and what else it takes. */
export type EtcdResolverOptions = (
  { readonly discovery: Discovery } | { readonly etcd: Etcd } | { readonly endpoints: readonly string[] }
) & { readonly log: EtcdLog; readonly clock?: Clock };

/** Milliseconds until calls that wait for a first answer are told that there is none. */
const FIRST_ANSWER_MS = 5_000;

/**
 * Milliseconds for which fading instances are handed on beside listed ones: three lease times, in which whoever lives has registered again.
 * A stock policy cannot tell us that one is gone, and would try its address for ever.
 */
const FADING_MS = 30_000;

/**
 * Teaches grpc-js the scheme `etcd`: from then on `etcd:///inventory` works as a target in any client of this process, with any policy. The
 * returned function ends what was opened for it. While nobody is registered, channels get an error and keep the addresses they had (an empty
 * list would fail calls on connections that serve).
 *
 * @example
 * registerEtcdResolver({ endpoints: ['http://127.0.0.1:2379'], log });
 * const client = new InventoryClient('etcd:///inventory', credentials.createInsecure(), {
 *   'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
 * });
 */
export function registerEtcdResolver(options: EtcdResolverOptions): () => Promise<void> {
  const { log, clock = systemClock } = options;
  const own = 'endpoints' in options ? connectEtcd({ endpoints: options.endpoints, log, clock }) : undefined;
  const etcd = 'etcd' in options ? options.etcd : own;
  const watcher = etcd && createWatcher({ etcd, log, clock });
  const discovery = 'discovery' in options ? options.discovery : watcher;
  if (discovery === undefined) throw new TypeError('a resolver needs a discovery, a client of etcd or endpoints');

  experimental.registerResolver(
    'etcd',
    class EtcdResolver {
      readonly #service: string;
      readonly #listener: Listener;
      #end: (() => void) | undefined;

      constructor({ path }: { readonly path: string }, listener: Listener) {
        this.#service = path;
        this.#listener = listener;
      }

      /** A hint. The watch says all there is to say: answering each hint would loop. */
      updateResolution(): void {
        this.#end ??= resolve(discovery, this.#service, this.#listener, clock);
      }

      destroy(): void {
        this.#end?.();
        this.#end = undefined;
      }

      static getDefaultAuthority({ path }: { readonly path: string }): string {
        return path;
      }
    },
  );

  return async () => {
    await watcher?.close();
    await own?.close();
  };
}

function resolve(discovery: Discovery, service: string, listener: Listener, clock: Clock): () => void {
  const fadingSince = new Map<string, number>();
  let over = false;
  let latest: InstanceSet | undefined;
  let queued = false;
  let cancelTimer = clock.schedule(FIRST_ANSWER_MS, () =>
    fail(`nothing is known of ${service}: etcd has not answered`),
  );

  function fail(details: string): void {
    if (!over) listener(experimental.statusOrFromError({ code: status.UNAVAILABLE, details }), {}, null, '');
  }

  /** grpc-js may not be called back from within its own call, and a burst of changes needs one answer. */
  function queue(): void {
    if (queued) return;
    queued = true;
    setImmediate(() => {
      queued = false;
      if (!over && latest !== undefined) answer(latest);
    });
  }

  function answer({ listed, fading }: InstanceSet): void {
    cancelTimer();
    const now = clock.monotonic();
    const ids = new Set(fading.map(({ id }) => id));
    for (const id of fadingSince.keys()) if (!ids.has(id)) fadingSince.delete(id);
    for (const id of ids) if (!fadingSince.has(id)) fadingSince.set(id, now);
    const fresh = fading.filter(({ id }) => now - (fadingSince.get(id) ?? now) < FADING_MS);
    const instances = listed.length === 0 ? fading : [...listed, ...fresh];
    if (listed.length > 0 && fresh.length > 0) cancelTimer = clock.schedule(FADING_MS, queue);
    const endpoints = endpointsOf(instances);
    if (endpoints.length === 0) fail(`no instance of ${service} is registered`);
    else listener(experimental.statusOrFromValue(endpoints), {}, null, '');
  }

  const unwatch = discovery.watch(service, (set) => {
    latest = set;
    queue();
  });
  return () => {
    over = true;
    cancelTimer();
    unwatch();
  };
}

function endpointsOf(instances: readonly Instance[]): { addresses: { host: string; port: number }[] }[] {
  const addresses = new Map(instances.map(({ address }) => [address, splitAddress(address)]));
  return [...addresses.values()].flatMap((address) => (address === undefined ? [] : [{ addresses: [address] }]));
}
