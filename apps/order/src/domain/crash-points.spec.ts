import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CRASH_POINTS, STEPS } from './crash-points.ts';

test('the README lists every step, and the points are before and after each', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const listed = [...readme.matchAll(/^\| `order\.([a-z-]+)` +\|/gm)].map(([, step]) => step);
  expect(listed).toEqual([...STEPS]);
  expect(CRASH_POINTS).toEqual(STEPS.flatMap((step) => [`order.${step}.before`, `order.${step}.after`]));
});
