import type { Fates } from './shop/network.ts';

/** The services that a history runs, and how many instances of each it may have. */
export const SERVICES = ['order', 'inventory', 'payment'] as const;
export type Service = (typeof SERVICES)[number];

/** SKU → what a unit costs; one of them nothing. */
export const PRICES = { bread: 300, wine: 1_250, leaflet: 0 } as const;
export type Sku = keyof typeof PRICES;

/** What a shopper does, and an operator after them. */
export interface Deed {
  readonly atMs: number;
  readonly items: readonly { readonly sku: Sku; readonly quantity: number }[];
  readonly paymentToken: 'tok_visa' | 'tok_declined';
  /** Milliseconds that one attempt of the shopper waits. */
  readonly patienceMs: number;
  readonly respondAsync: boolean;
  /** Whether somebody else asks with the same key at the same time: for the same, or for something else. */
  readonly rival: 'none' | 'same' | 'other';
  readonly then: readonly { readonly afterMs: number; readonly verb: 'cancel' | 'refund' | 'ship' }[];
}

/** A place in the network: `order-0`, `order db`, `provider`, `etcd`, `gateway`. */
export type Place = string;

/** What goes wrong, when, and for how long; counted from the beginning, in milliseconds. */
export type Trouble =
  | {
      readonly kind: 'crash' | 'leave' | 'freeze';
      readonly place: Place;
      readonly atMs: number;
      readonly forMs: number;
    }
  /** Killed when it asks something of the world, or is answered, for the so many-th time. */
  | { readonly kind: 'crash at'; readonly place: Place; readonly moment: number; readonly forMs: number }
  | {
      readonly kind: 'partition';
      readonly between: readonly [Place, Place];
      readonly atMs: number;
      readonly forMs: number;
    }
  | {
      readonly kind: 'etcd stops' | 'etcd is emptied' | 'watches are mute';
      readonly atMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'etcd compacts'; readonly atMs: number }
  | { readonly kind: 'key deleted'; readonly place: Place; readonly atMs: number };

/** Everything that is decided about a history before it begins; the rest is the seed's. */
export interface Plan {
  readonly instances: Readonly<Record<Service, number>>;
  readonly stock: number;
  readonly holdSeconds: number;
  /** What one batch of a store has at most. */
  readonly maxBatch: number;
  /** Whether inventory may hold reservations at once; otherwise a row is always somebody else's, and each batch is decided. */
  readonly heldAtOnce: boolean;
  readonly deeds: readonly Deed[];
  readonly deliveries: readonly { readonly atMs: number; readonly sku: Sku; readonly quantity: number }[];
  readonly troubles: readonly Trouble[];
  readonly fates: Fates;
  /** How often, 0 to 1, a call to etcd, or its answer, is lost. */
  readonly etcdLoss: number;
}
