import { createMemoryEtcd, type Fate, type MemoryEtcd } from '@stampede/etcd';
import { fakeClock, seededRandom, type FakeClock } from '@stampede/testing';
import { PRICES, type Plan } from '../plan.ts';
import type { Sabotage } from '../sabotage.ts';
import { createDatabases, type Databases } from './databases.ts';
import { createNetwork, type Network } from './network.ts';
import type { Process } from './process.ts';
import type { Host } from './rpc.ts';

/** Seconds of the order database's time that a silent instance keeps its sagas. */
export const SAGA_LEASE_SECONDS = 2;
/** Of a registration; half of the real one, so that histories are short. */
export const LEASE_SECONDS = 5;
/** Between two listings of a watcher that thinks itself well. */
export const RELIST_MS = 20_000;

/** What all processes have in common: one time, one chance, the network, and what outlives them. */
export interface World {
  readonly clock: FakeClock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly network: Network;
  readonly etcd: MemoryEtcd;
  readonly databases: Databases;
  readonly sabotage: Sabotage;
  readonly plan: Plan;
  /** Who listens, by address. */
  readonly hosts: Map<string, Host>;
  etcdFate(): Fate;
  /** A process asks, or is answered. */
  moment(process: Process): void;
  newId(): string;
  /** Nothing goes wrong by itself any more. */
  calm(): void;
  /** What happened that is worth telling. */
  readonly notes: Set<string>;
}

export interface WorldOptions {
  readonly plan: Plan;
  readonly seed: number;
  readonly sabotage: Sabotage;
  readonly moment: (process: Process) => void;
  readonly onMessage: ((line: string) => void) | undefined;
}

export function createWorld({ plan, seed, sabotage, moment, onMessage }: WorldOptions): World {
  const clock = fakeClock({ settles: 'promises' });
  const random = seededRandom(seed);
  const notes = new Set<string>();
  const network = createNetwork({ clock, random, fates: plan.fates, moment, onMessage, notes });
  const products = Object.entries(PRICES).map(([sku, amountMinor]) => ({
    sku,
    title: sku,
    unitPrice: { currency: 'EUR', amountMinor },
    available: plan.stock,
  }));
  let etcdLoss = plan.etcdLoss;
  let ids = 0;
  return {
    clock,
    random,
    network,
    etcd: createMemoryEtcd({ clock }),
    databases: createDatabases({ clock, products, leaseSeconds: SAGA_LEASE_SECONDS, sabotage }),
    sabotage,
    plan,
    hosts: new Map(),
    notes,
    etcdFate() {
      const lost = random() < etcdLoss ? ({ lost: random() < 0.5 ? 'request' : 'reply' } as const) : {};
      return { requestMs: random() * 10, replyMs: random() * 10, ...lost };
    },
    moment,
    newId: () => uuid(0, (ids += 1)),
    calm() {
      network.calm();
      etcdLoss = 0;
    },
  };
}

/** UUIDs by kind and number, so that a trace can be read: orders are of kind 0, users of kind 1. */
export function uuid(kind: number, number: number): string {
  return `0199000${kind}-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

/** Addresses are `place:port`: the host is the place. */
export function placeOf(address: string): string {
  return address.slice(0, address.indexOf(':'));
}
