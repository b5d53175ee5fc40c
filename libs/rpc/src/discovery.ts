/** One process that serves a service. */
export interface Instance {
  /** Unique among the service's instances. An id equal to `address` means that the id is not known and is not checked. */
  readonly id: string;
  readonly service: string;
  /** `host:port`; an IPv6 host in brackets. */
  readonly address: string;
  /** `version`, `zone`, `weight` (a positive number, 1 if absent) and whatever else the instance says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Who serves a service, as far as a `Discovery` knows. */
export interface InstanceSet {
  readonly listed: readonly Instance[];
  /** No longer listed, but perhaps only because the registry lost them: to be used only while their connection still serves. */
  readonly fading: readonly Instance[];
}

/** Where the instances of services are learnt from. `@stampede/registry` implements it over etcd. */
export interface Discovery {
  /** Calls `listener` with the whole set at once if it is known, and again at each change, until the returned function is called. */
  watch(service: string, listener: (set: InstanceSet) => void): () => void;
  /** A caller saw a fading instance drain, refuse, or answer under another id: forget it. */
  gone(service: string, instanceId: string): void;
}

/**
 * A fixed set of addresses a service, for tests and plain setups. Instance ids are not known, hence not checked.
 *
 * @example staticDiscovery({ inventory: ['127.0.0.1:9000'] })
 */
export function staticDiscovery(services: Readonly<Record<string, readonly string[]>>): Discovery {
  return {
    watch(service, listener) {
      const listed = (services[service] ?? []).map((address) => ({ id: address, service, address, metadata: {} }));
      listener({ listed, fading: [] });
      return () => undefined;
    },
    gone: () => undefined,
  };
}
