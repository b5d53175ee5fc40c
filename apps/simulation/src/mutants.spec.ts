import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { anyHistory, inWords, newTally } from './any-history.ts';
import { MUTANTS } from './mutants.ts';
import { FIXED } from './runs.ts';

const tally = newTally();
afterAll(() => void process.stdout.write(`mutants: ${inWords(tally)}`));

test.each(MUTANTS)(
  'without this, something is noticed: $rule',
  async ({ sabotage }) => {
    const found = await fc.check(anyHistory(tally, sabotage), { ...FIXED, endOnFailure: true });
    expect(found.failed, `${found.numRuns} histories`).toBe(true);
  },
  120_000,
);
