import fc from 'fast-check';
import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { CHECKS } from './checks.ts';
import { kit } from './kit.ts';

/** Random histories of each kind; `STAMPEDE_TEST_RUNS` for a longer look. */
const numRuns = Number(process.env['STAMPEDE_TEST_RUNS'] ?? 400);

/** What fails is shrunk, and printed with its seed. */
test.for(Object.values(CHECKS).map((check) => [check.promise, check] as const))(
  '%s',
  { timeout: 60_000 + numRuns * 500 },
  async ([, check]) => {
    expect(numRuns).toBeGreaterThan(0);
    await fc.assert(check.property(kit, fakeClock), { numRuns });
  },
);
