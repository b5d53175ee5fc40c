import { expect, test } from 'vitest';
import { seededRandom } from './index.ts';

const draw = (seed: number) => Array.from({ length: 1_000 }, seededRandom(seed));

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('numbers are from 0 up to 1, and spread over all of it', () => {
  const numbers = draw(1);
  for (const number of numbers) expect(number >= 0 && number < 1).toBe(true);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(mean).toBeGreaterThan(0.4);
  expect(mean).toBeLessThan(0.6);
});
