import { seededRandom } from '@stampede/testing';
import type { AppName } from '../support/program.ts';
import { durationOf, type ChaosEvent, type Disturbance, type Kind, type Wire } from './disturbance.ts';

export interface ScheduleOptions {
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  readonly minutes: number;
  readonly instances: Readonly<Record<AppName, number>>;
}

/** Disturbances that last at the same time, at most. */
export const MAX_AT_ONCE = 3;
/** No disturbance is longer. */
export const MAX_DURATION_MS = 25_000;

/** The shop is left alone for so long at first. */
const QUIET_MS = 2_000;
const GAP_MS = [400, 3_500] as const;
/** Whatever was started again is left in peace for so long. */
const COMEBACK_MS = 5_000;
const SHORTEST_MS = 200;
/** Of a round that has only so many left, the rest goes on with the next one. */
const ROUND_REST = 6;

/** How often each kind comes in a round; every round has all of them, shuffled. */
const ROUND: Readonly<Record<Kind, number>> = {
  kill: 4,
  stop: 1,
  restart: 1,
  freeze: 4,
  cut: 2,
  'freeze-link': 3,
  delay: 2,
  'kill-postgres': 1,
  'kill-backend': 1,
  'freeze-postgres': 1,
  'kill-etcd': 1,
  'freeze-etcd': 1,
  'kill-supervisor': 1,
  'kill-everything': 1,
  configure: 1,
};

/**
 * What happens to the shop and when: pure, the same for the same options. Nothing is disturbed twice at once, nor while it comes back; at most
 * `MAX_AT_ONCE` disturbances overlap, and all are over within the minutes.
 */
export function makeSchedule({ seed, minutes, instances }: ScheduleOptions): readonly ChaosEvent[] {
  const random = seededRandom(seed);
  const between = (low: number, high: number) => Math.round(low + random() * (high - low));
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const programs = Object.entries(instances).flatMap(([app, count]) =>
    Array.from({ length: count }, (_, index) => `${app}-${index + 1}`),
  );
  const endMs = minutes * 60_000;
  /** Short ones more often than long ones. */
  const lasting = (longest: number) => Math.round(300 + random() ** 2 * (longest - 300));

  function draw(kind: Kind): Disturbance {
    const program = oneOf(programs);
    const wire = oneOf(wiresOf(program));
    switch (kind) {
      case 'kill':
      case 'stop':
        return { kind, program, downMs: between(0, 8_000) };
      case 'restart':
        return { kind, program, downMs: 0 };
      case 'freeze':
        return { kind, program, forMs: lasting(15_000) };
      case 'cut':
        return { kind, program, wire, forMs: lasting(10_000) };
      case 'freeze-link':
        return { kind, program, wire, forMs: lasting(MAX_DURATION_MS) };
      case 'delay':
        return { kind, program, wire, byMs: between(5, 300), forMs: lasting(15_000) };
      case 'kill-postgres':
      case 'kill-etcd':
        return { kind };
      case 'kill-backend':
        return { kind, which: random() };
      case 'freeze-postgres':
      case 'freeze-etcd':
        return { kind, forMs: lasting(15_000) };
      case 'kill-supervisor':
      case 'kill-everything':
        return { kind, downMs: between(0, 5_000) };
      case 'configure':
        return { kind, key: 'inventory/batch/maxSize', value: oneOf([1, 2, 7, 32]), forMs: lasting(10_000) };
    }
  }

  const events: ChaosEvent[] = [];
  /** Until when each target is not to be touched. */
  const busy = new Map<string, number>();

  function place(kind: Kind, at: number): boolean {
    const drawn = draw(kind);
    const disturbance = 'forMs' in drawn ? { ...drawn, forMs: Math.min(drawn.forMs, endMs - at) } : drawn;
    if ('forMs' in disturbance && disturbance.forMs < SHORTEST_MS) return false;
    const until = at + durationOf(disturbance);
    const targets = targetsOf(disturbance);
    const lasts = events.filter((event) => event.at + durationOf(event) > at).length;
    if (until > endMs || lasts >= MAX_AT_ONCE || targets.some((target) => (busy.get(target) ?? 0) > at)) return false;
    // Everything may be killed whatever state it is in.
    const taken = kind === 'kill-everything' ? [...targets, ...programs] : targets;
    for (const target of taken) busy.set(target, Math.max(busy.get(target) ?? 0, until + COMEBACK_MS));
    events.push({ at, ...disturbance });
    return true;
  }

  let round: Kind[] = [];
  for (let at = QUIET_MS; at < endMs; at += between(...GAP_MS)) {
    // What cannot be placed just now must not hold up everything else.
    if (round.length < ROUND_REST) round = [...round, ...shuffled(wholeRound(), random)];
    const index = round.findIndex((kind) => place(kind, at));
    if (index >= 0) round.splice(index, 1);
  }
  return events;
}

function wiresOf(program: string): readonly Wire[] {
  return program.startsWith('gateway') ? ['etcd'] : ['database', 'etcd', 'callers'];
}

/** What nothing else may be done to meanwhile. */
function targetsOf(disturbance: Disturbance): readonly string[] {
  switch (disturbance.kind) {
    case 'kill':
    case 'stop':
    case 'restart':
    case 'freeze':
      return [disturbance.program];
    case 'cut':
    case 'freeze-link':
    case 'delay':
      return [`${disturbance.program} ${disturbance.wire}`];
    case 'kill-postgres':
    case 'kill-backend':
    case 'freeze-postgres':
      return ['postgres'];
    case 'kill-etcd':
    case 'freeze-etcd':
      return ['etcd'];
    case 'kill-supervisor':
    case 'kill-everything':
      return ['supervisor', 'postgres', 'etcd'];
    case 'configure':
      return ['configuration'];
  }
}

function wholeRound(): Kind[] {
  return Object.entries(ROUND).flatMap(([kind, count]) => Array.from({ length: count }, () => kind as Kind));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
}
