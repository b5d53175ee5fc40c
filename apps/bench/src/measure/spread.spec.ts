import { fc, test } from '@fast-check/vitest';
import { expect, test as example } from 'vitest';
import { mediansByName, rounded, spreadOf } from './spread.ts';

example.each([
  [[3], { median: 3, min: 3, max: 3 }],
  [[9, 1, 5], { median: 5, min: 1, max: 9 }],
  [[4, 1, 2, 100], { median: 3, min: 1, max: 100 }],
  [[], { median: Number.NaN, min: Number.NaN, max: Number.NaN }],
])('the spread of %j', (values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
});

test.prop([fc.array(fc.integer(), { minLength: 1 })])(
  'half are not above the median and half are not below',
  (values) => {
    const { median } = spreadOf(values);
    expect(values.filter((value) => value <= median).length * 2).toBeGreaterThanOrEqual(values.length);
    expect(values.filter((value) => value >= median).length * 2).toBeGreaterThanOrEqual(values.length);
  },
);

example('medians by name', () => {
  expect(mediansByName([{ a: 1, b: 2 }, { a: 3 }, { a: 2, b: 4 }])).toEqual({ a: 2, b: 2 });
});

example('four digits are enough', () => {
  expect([rounded(123_456.7), rounded(0.001_234_56), rounded(5)]).toEqual([123_500, 0.001_235, 5]);
});
