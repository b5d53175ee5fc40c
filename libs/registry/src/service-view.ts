import type { Instance, InstanceSet } from '@stampede/rpc';

/** What is kept of fading instances that nobody tells us are gone; the oldest are forgotten first. */
const MOST_FADING = 10_000;

/** One service as a client sees it. Keys are etcd's. Each verb gives whether the set has changed. */
export interface ServiceView {
  put(key: string, instance: Instance): boolean;
  /** Keys that were deleted, or that a listing of the same history lacks. `now`: milliseconds that never go back. */
  depart(keys: readonly string[], now: number): boolean;
  /** Keys that another history lacks: nobody says that these instances are gone. */
  lose(keys: readonly string[]): boolean;
  /** Somebody saw the fading instance drain or refuse. */
  gone(id: string): boolean;
  /** Whether nothing at all is known of the service. */
  empty(now: number): boolean;
  set(): InstanceSet;
}

interface Departure {
  readonly instance: Instance;
  readonly at: number;
  /** Seen to be gone, or its address has a new owner: it does not come back as fading. */
  buried: boolean;
}

/**
 * The rules by which instances leave. A deleted key removes its instance. But if within one lease time more leave than stay (the last of a
 * service, or most of it), that may be etcd's illness rather than theirs: all that left in that time are fading, to be used while their
 * connection serves. So is what another history of etcd does not know. A fading instance ends by registering again, by being seen gone,
 * or by another instance on its address.
 */
export function createServiceView(leaseMs: number): ServiceView {
  const listed = new Map<string, Instance>();
  const fading = new Map<string, Instance>();
  /** Who left within the last lease time. */
  const departures = new Map<string, Departure>();
  let cached: InstanceSet | undefined;

  function changed(yes: boolean): boolean {
    if (yes) cached = undefined;
    return yes;
  }

  function forget(now: number): void {
    for (const [key, { at }] of departures) if (now - at > leaseMs) departures.delete(key);
  }

  function fade(key: string, instance: Instance): void {
    fading.set(key, instance);
    if (fading.size <= MOST_FADING) return;
    const [oldest] = fading.keys();
    if (oldest !== undefined) fading.delete(oldest);
  }

  function bury(matches: (instance: Instance) => boolean): boolean {
    let found = false;
    for (const [key, instance] of fading) if (matches(instance)) found = fading.delete(key);
    for (const departure of departures.values()) if (matches(departure.instance)) departure.buried = true;
    return found;
  }

  /** One batch may hold the end of a process and its successor on the same address. */
  function buryReplaced(): void {
    const taken = new Set([...listed.values()].map(({ address }) => address));
    bury(({ address }) => taken.has(address));
  }

  return {
    put(key, instance) {
      const known = listed.get(key);
      if (known !== undefined && same(known, instance)) return false;
      listed.set(key, instance);
      fading.delete(key);
      departures.delete(key);
      bury((other) => other.address === instance.address);
      return changed(true);
    },
    depart(keys, now) {
      forget(now);
      let left = false;
      for (const key of keys) {
        const instance = listed.get(key);
        if (instance === undefined) continue;
        left = listed.delete(key);
        departures.set(key, { instance, at: now, buried: false });
      }
      if (!left) return false;
      buryReplaced();
      if (departures.size > listed.size) {
        for (const [key, { instance, buried }] of departures) if (!buried && !fading.has(key)) fade(key, instance);
      }
      return changed(true);
    },
    lose(keys) {
      let lost = false;
      for (const key of keys) {
        const instance = listed.get(key);
        if (instance === undefined) continue;
        lost = listed.delete(key);
        fade(key, instance);
      }
      if (lost) buryReplaced();
      return changed(lost);
    },
    gone: (id) => changed(bury((instance) => instance.id === id)),
    empty(now) {
      forget(now);
      return listed.size + fading.size + departures.size === 0;
    },
    set: () => (cached ??= { listed: [...listed.values()], fading: [...fading.values()] }),
  };
}

function same(a: Instance, b: Instance): boolean {
  const keys = Object.keys(a.metadata);
  return (
    a.address === b.address &&
    keys.length === Object.keys(b.metadata).length &&
    keys.every((key) => a.metadata[key] === b.metadata[key])
  );
}
