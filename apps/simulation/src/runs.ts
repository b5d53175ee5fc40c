import type { Parameters } from 'fast-check';

/** A mutant that is not caught within these histories is not caught. The code as it is lives through the same ones. */
export const FIXED = { seed: 1, numRuns: 600 } as const;

const RUNS = 'STAMPEDE_SIMULATION_RUNS';
const SEED = 'STAMPEDE_SIMULATION_SEED';

/** How many histories are tried besides, and for how long at most: as many as asked for, or what fits into `npm test`. */
export function mostRuns(env = process.env): { readonly numRuns: number; readonly limitMs: number | undefined } {
  const asked = env[RUNS];
  return asked === undefined ? { numRuns: 1_500, limitMs: 30_000 } : { numRuns: Number(asked), limitMs: undefined };
}

/** The seed that fast-check begins with; a new one each time if none is asked for. */
export function replayed(env = process.env): Pick<Parameters, 'seed'> {
  const seed = env[SEED];
  return seed === undefined ? {} : { seed: Number(seed) };
}
