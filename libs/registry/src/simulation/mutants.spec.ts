import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { CHECKS } from './checks.ts';
import { loadMutant } from './load-mutant.ts';
import { MUTANTS } from './mutants.ts';

/** The same histories each time: a mutant that is caught stays caught. */
const HISTORIES = { seed: 20_261_125, numRuns: 3_000, endOnFailure: true };

test.for(MUTANTS.map((mutant) => [mutant.rule, mutant] as const))(
  'a check fails without this: %s',
  { timeout: 120_000 },
  async ([, mutant]) => {
    const folder = await mkdtemp(join(tmpdir(), 'mutant-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const property = CHECKS[mutant.caughtBy].property(await loadMutant(mutant, folder), fakeClock);
    const { failed, numRuns } = await fc.check(property, HISTORIES);
    expect(failed, `${numRuns} histories went well`).toBe(true);
  },
);
