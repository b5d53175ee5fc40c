import { fc, test } from '@fast-check/vitest';
import { expect, test as example } from 'vitest';
import { createHistogram, RELATIVE_ERROR } from './histogram.ts';

const micros = fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }));

test.prop([fc.array(micros, { minLength: 1, maxLength: 300 }), fc.double({ min: 0, max: 1, noNaN: true })])(
  'a quantile is the value of its rank, but for the width of a bucket',
  (values, share) => {
    const histogram = createHistogram();
    for (const value of values) histogram.recordMs(value / 1_000);
    const sorted = values.toSorted((a, b) => a - b);
    const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
    const found = histogram.quantileMs(share) * 1_000;
    expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR + 1e-6);
    expect(histogram.count).toBe(values.length);
  },
);

example('nothing recorded has no quantile, and what is too long counts as the longest', () => {
  const histogram = createHistogram();
  expect(histogram.quantileMs(0.5)).toBeNaN();
  histogram.recordMs(1e12);
  histogram.recordMs(-1);
  expect(histogram.quantileMs(1)).toBeGreaterThan(2_000_000);
  expect(histogram.quantileMs(0.5)).toBe(0);
});
