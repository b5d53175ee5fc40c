import type { InstanceSet } from '@stampede/rpc';
import type { Watcher } from '@stampede/registry';
import { SERVICES, type Place, type Plan, type Service } from './plan.ts';
import type { Process } from './shop/process.ts';
import type { Shop } from './shop/shop.ts';
import { LEASE_SECONDS, RELIST_MS } from './shop/world.ts';

/** What every client of the registry sees, looked at now and then. */
export interface DiscoveryWatch {
  /** Whether each client lists exactly those that live. */
  isExact(): boolean;
  /** What is not exact, in words. */
  differences(): readonly string[];
  readonly violations: readonly string[];
}

const LOOK_MS = 200;
/** The registrar's promise: a key that is gone is found once a lease time, give or take a quarter, and put within five seconds. */
const REGISTERED_MS = LEASE_SECONDS * 1_000 * 1.25 + 5_000;
/** The watcher's: what it was not told it finds with the next listing, give or take a quarter. */
const LISTED_MS = RELIST_MS * 1.25;

interface Sight {
  readonly who: Process;
  readonly watcher: Watcher;
  readonly sets: Map<Service, InstanceSet>;
  /** Everybody it has ever known. */
  readonly seen: Set<string>;
  /** Since when it has missed an instance that lives. */
  readonly missing: Map<string, number>;
}

export function watchDiscovery(shop: Shop, plan: Plan): DiscoveryWatch {
  const { clock } = shop.world;
  const violations: string[] = [];
  let sights: Sight[] = [];
  const troubles = troublesOf(plan);

  function sightsNow(): readonly Sight[] {
    const clients = [shop.gateway, ...shop.instances.values()].flatMap(({ process, watcher }) =>
      watcher === undefined ? [] : [{ process, watcher }],
    );
    sights = clients.map(({ process, watcher }) => sights.find(({ who }) => who === process) ?? look(process, watcher));
    return sights;
  }

  function look(who: Process, watcher: Watcher): Sight {
    const sets = new Map<Service, InstanceSet>();
    for (const service of SERVICES) watcher.watch(service, (set) => sets.set(service, set));
    return { who, watcher, sets, seen: new Set(), missing: new Map() };
  }

  const listedBy = ({ sets }: Sight) => [...sets.values()].flatMap(({ listed }) => listed.map(({ id }) => id));
  const fadingFor = ({ sets }: Sight) => [...sets.values()].flatMap(({ fading }) => fading.map(({ id }) => id));

  function check(): void {
    const now = clock.monotonic();
    for (const sight of sightsNow()) {
      if (sight.who.frozen) continue;
      const known = new Set([...listedBy(sight), ...fadingFor(sight)]);
      for (const id of known) sight.seen.add(id);
      for (const { process, host } of shop.instances.values()) {
        if (known.has(process.id) || !host.open) {
          sight.missing.delete(process.id);
          continue;
        }
        const since = sight.missing.get(process.id) ?? now;
        sight.missing.set(process.id, since);
        const whole = troubles.registryOnly(process.place) && sight.seen.has(process.id);
        const troubledUntil = troubles.until([process.place, sight.who.place]);
        const most = whole ? 0 : Math.max(0, troubledUntil - since) + REGISTERED_MS + (troubles.mute ? LISTED_MS : 0);
        if (whole || now - since > most) {
          violations.push(`${sight.who.id} misses ${process.id} for ${now - since} ms, at ${now}`);
        }
      }
    }
    clock.schedule(LOOK_MS, check);
  }

  function differences(): readonly string[] {
    const living = [...shop.instances.values()].map(({ process }) => process.id).toSorted();
    return sightsNow().flatMap((sight) => {
      const listed = listedBy(sight).toSorted();
      return listed.join() === living.join()
        ? []
        : [`${sight.who.id} lists ${listed.join()}, living are ${living.join()}`];
    });
  }

  clock.schedule(LOOK_MS, check);
  return { violations, differences, isExact: () => differences().length === 0 };
}

/** Which of the plan's troubles may take an instance off the list, and until when. */
function troublesOf({ troubles, etcdLoss }: Plan) {
  const forever = etcdLoss > 0 ? Infinity : 0;
  /** What only etcd suffers: no instance is to vanish for it. */
  const ofEtcd: readonly string[] = ['etcd stops', 'etcd is emptied', 'etcd compacts', 'watches are mute', 'crash at'];
  const endOf = (trouble: Plan['troubles'][number]) =>
    ('atMs' in trouble ? trouble.atMs : 0) + ('forMs' in trouble ? trouble.forMs : 0);
  const concerns = (trouble: Plan['troubles'][number], place: Place) =>
    ('place' in trouble && trouble.place === place) || ('between' in trouble && trouble.between.includes(place));
  return {
    mute: troubles.some(({ kind }) => kind === 'watches are mute' || kind === 'etcd compacts'),
    /** Whether nothing ever befalls the instance itself: then whoever has seen it once knows it for as long as it lives. */
    registryOnly: (place: Place) =>
      etcdLoss === 0 && !troubles.some((trouble) => !ofEtcd.includes(trouble.kind) && concerns(trouble, place)),
    until: (places: readonly Place[]) =>
      Math.max(
        forever,
        ...troubles
          .filter((trouble) => ofEtcd.includes(trouble.kind) || places.some((place) => concerns(trouble, place)))
          .map(endOf),
      ),
  };
}
