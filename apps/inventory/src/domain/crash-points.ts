import type { Decision } from './decide.ts';
import type { Reservation, ReservationState } from './reservation.ts';

/** What the transaction of a batch may commit of an order. */
export const STEPS = ['hold', 'refuse', 'sell', 'release', 'tombstone'] as const;

export type Step = (typeof STEPS)[number];

/** `before`: decided under locks, nothing written · `written`: all but the COMMIT is done · `after`: committed, and nobody has been told. */
export const MOMENTS = ['before', 'written', 'after'] as const;

export type Moment = (typeof MOMENTS)[number];

/** A moment at which the process may die. */
export type CrashPoint = `inventory.${Step}.${Moment}`;

export const CRASH_POINTS = STEPS.flatMap((step) => MOMENTS.map((moment): CrashPoint => `inventory.${step}.${moment}`));

/** Called when a point is reached; what it returns is awaited. */
export type Crash = (point: CrashPoint) => void | Promise<void>;

/** Reaches, at each moment of a batch, the points of all that it changes; one that changes nothing has none. */
export function crashPointsOf({ changed }: Decision, crash: Crash): (moment: Moment) => Promise<void> {
  const steps = new Set([...changed.values()].map(stepOf));
  return async (moment) => {
    for (const step of steps) await crash(`inventory.${step}.${moment}`);
  };
}

const stepOfState = {
  HELD: 'hold',
  REFUSED: 'refuse',
  COMMITTED: 'sell',
  RELEASED: 'release',
} as const satisfies Record<ReservationState, Step>;

function stepOf({ state, lines }: Reservation): Step {
  return state === 'RELEASED' && lines.length === 0 ? 'tombstone' : stepOfState[state];
}
