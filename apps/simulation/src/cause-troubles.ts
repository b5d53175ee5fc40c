import { grpcNaming } from '@stampede/registry';
import type { Plan, Trouble } from './plan.ts';
import type { Shop } from './shop/shop.ts';

/** Lets the plan's troubles happen in their time. Those of an instance come to whoever is at its place then. */
export function causeTroubles(shop: Shop, { troubles }: Plan): void {
  for (const trouble of troubles) {
    if (trouble.kind !== 'crash at') shop.world.clock.schedule(trouble.atMs, () => cause(shop, trouble));
  }
}

function cause(shop: Shop, trouble: Exclude<Trouble, { kind: 'crash at' }>): void {
  const { etcd, clock } = shop.world;
  switch (trouble.kind) {
    case 'crash':
      return shop.crash(trouble.place, trouble.forMs);
    case 'leave':
      return shop.leave(trouble.place, trouble.forMs);
    case 'freeze':
      return shop.freeze(trouble.place, trouble.forMs);
    case 'partition':
      return shop.part(...trouble.between, trouble.forMs);
    case 'etcd stops':
    case 'etcd is emptied':
      etcd.stop();
      return void clock.schedule(trouble.forMs, () => {
        etcd.stop(); // another trouble may have started it meanwhile
        etcd.start(trouble.kind === 'etcd stops' ? 'kept' : 'empty');
      });
    case 'watches are mute':
      etcd.muteWatches(true);
      return void clock.schedule(trouble.forMs, () => etcd.muteWatches(false));
    case 'etcd compacts':
      return etcd.compact();
    case 'key deleted': {
      const process = shop.instances.get(trouble.place)?.process;
      if (process !== undefined) etcd.store.delete(grpcNaming.key(process.service, process.id));
    }
  }
}

/** When the last of the plan's troubles that have a time is over. */
export function endOfTroubles({ troubles, deeds, deliveries }: Plan): number {
  const ends = troubles.map((trouble) => {
    if (trouble.kind === 'crash at') return 0;
    return trouble.atMs + ('forMs' in trouble ? trouble.forMs : 0);
  });
  return Math.max(0, ...ends, ...deeds.map(({ atMs }) => atMs), ...deliveries.map(({ atMs }) => atMs));
}
