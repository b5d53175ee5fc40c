import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { PeakEwma } from './peak-ewma.ts';

test('rises to a peak at once and forgets it within seconds', () => {
  const latency = new PeakEwma(2, 0);
  latency.observe(200, 0);
  expect(latency.at(0)).toBe(200);
  expect(latency.at(1_000)).toBeCloseTo(200 / Math.E, 0);
  expect(latency.at(10_000)).toBeLessThan(0.1);
});

test('a dozen good calls mend what one bad one spoilt', () => {
  const latency = new PeakEwma(1, 0);
  latency.observe(100, 0);
  for (let n = 1; n <= 12; n += 1) latency.observe(1, n);
  expect(latency.at(12)).toBeLessThan(10);
});

test('follows what it sees', () => {
  const latency = new PeakEwma(100, 0);
  for (let now = 0; now <= 10_000; now += 100) latency.observe(5, now);
  expect(latency.at(10_000)).toBeCloseTo(5, 0);
});

test.prop([fc.array(fc.tuple(fc.nat(10_000), fc.nat(5_000)))])('stays between nothing and the worst seen', (seen) => {
  const latency = new PeakEwma(1, 0);
  let now = 0;
  let worst = 1;
  for (const [ms, after] of seen) {
    now += after;
    worst = Math.max(worst, ms);
    latency.observe(ms, now);
    expect(latency.at(now)).toBeGreaterThanOrEqual(0);
    expect(latency.at(now)).toBeLessThanOrEqual(worst);
  }
});
