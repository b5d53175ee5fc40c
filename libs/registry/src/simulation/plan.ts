import fc from 'fast-check';

/** How many processes may serve at once, each on an address of its own, and how many watch them. */
export const SLOTS = 4;
export const WATCHERS = 2;

/** What may happen to one who serves. A life that ended may be followed by another, with another id, on the same address. */
type LifeOp = 'begin' | 'crash' | 'leave';
type HarmOp = 'freeze' | 'thaw' | 'cut' | 'heal' | 'revoke' | 'delete' | 'alter';
type WatcherOp = 'cut watcher' | 'heal watcher' | 'freeze watcher' | 'thaw watcher';
type EtcdOp = 'stop' | 'start' | 'empty' | 'compact' | 'mute' | 'unmute' | 'backup' | 'restored';

export type Step =
  | { readonly op: 'wait'; readonly ms: number }
  | { readonly op: LifeOp | HarmOp; readonly slot: number }
  | { readonly op: WatcherOp; readonly watcher: number }
  | { readonly op: EtcdOp };

export interface Plan {
  /** Of all that is left to chance: delays, losses, jitter. */
  readonly seed: number;
  readonly network: {
    /** Milliseconds that a message takes at most, each way. */
    readonly mostMs: number;
    /** Of a hundred calls, how many lose their request or their reply. */
    readonly lost: number;
  };
  /** How many serve at first. */
  readonly serving: number;
  readonly steps: readonly Step[];
  /** How all end who serve at the end. */
  readonly ending: 'crash' | 'leave';
}

const slot = fc.nat(SLOTS - 1);
const watcher = fc.nat(WATCHERS - 1);
const wait = fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(50, 1_000, 6_000, 25_000) });
const life = fc.record({ op: fc.constantFrom<LifeOp>('begin', 'begin', 'crash', 'leave'), slot });
const away = fc.record({ op: fc.constantFrom<WatcherOp>('cut watcher', 'heal watcher'), watcher });
const outage = fc.record({ op: fc.constantFrom<EtcdOp>('stop', 'start', 'empty', 'compact', 'mute', 'unmute') });

const rest = {
  seed: fc.integer(),
  serving: fc.integer({ min: 1, max: SLOTS }),
  ending: fc.constantFrom('crash' as const, 'leave' as const),
};

/** Etcd alone is at fault, or the way of the watchers to it; processes come and go as they do on any day. */
export const etcdAtFault: fc.Arbitrary<Plan> = fc.record({
  ...rest,
  network: fc.record({ mostMs: fc.constantFrom(5, 300), lost: fc.constant(0) }),
  steps: fc.array(fc.oneof({ weight: 4, arbitrary: wait }, { weight: 4, arbitrary: outage }, life, away), {
    maxLength: 30,
    size: 'max',
  }),
});

/** Anything. */
export const allAtFault: fc.Arbitrary<Plan> = fc.record({
  ...rest,
  network: fc.record({ mostMs: fc.constantFrom(5, 300), lost: fc.constantFrom(0, 5, 25) }),
  steps: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: wait },
      { weight: 2, arbitrary: outage },
      { weight: 2, arbitrary: life },
      away,
      fc.record({
        op: fc.constantFrom<HarmOp>('freeze', 'thaw', 'cut', 'heal', 'revoke', 'delete', 'alter'),
        slot,
      }),
      fc.record({ op: fc.constantFrom<WatcherOp>('freeze watcher', 'thaw watcher'), watcher }),
      fc.record({ op: fc.constantFrom<EtcdOp>('backup', 'restored') }),
    ),
    { maxLength: 30, size: 'max' },
  ),
});
