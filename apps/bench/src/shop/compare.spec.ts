import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import type { ShopRound } from './measure-round.ts';

const audit = { oversold: 0, doubleCharged: 0, lost: 0, other: [] };
const round = (ordersPerSecond: number, over: Partial<ShopRound> = {}): ShopRound => ({
  ordersPerSecond,
  p50Ms: 10,
  p99Ms: 20,
  p999Ms: 30,
  errors: 0,
  errorText: '',
  cpu: { gateway: 45, order: 28.44, postgres: 55 },
  checkpoints: 2,
  ...over,
});
const ours = [round(2_000), round(2_200, { p50Ms: 12 }), round(1_900, { errors: 3, errorText: '3 × 503' })];
const theirs = [round(200), round(190), round(220)];

test('the shape that --json promises', () => {
  const { figures, text, broken } = compare({ rounds: ours, audit }, { rounds: theirs, audit }, { buyers: 64 });
  expect(broken).toBeUndefined();
  expect(figures).toEqual({
    stampede: {
      ordersPerSecond: 2_000,
      minOrdersPerSecond: 1_900,
      maxOrdersPerSecond: 2_200,
      p50Ms: 10,
      p99Ms: 20,
      p999Ms: 30,
      errors: 3,
      errorText: '3 × 503',
      cpuMicrosPerOrder: { gateway: 45, order: 28.4, postgres: 55 },
      checkpoints: 6,
    },
    conventional: expect.objectContaining({ ordersPerSecond: 200, errors: 0 }) as object,
    ratio: 10,
    audit: { oversold: 0, doubleCharged: 0, lost: 0, conventional: { oversold: 0, doubleCharged: 0, lost: 0 } },
    buyers: 64,
  });
  expect(text).toContain('ratio 10; nothing oversold, charged twice or lost');
});

test.each([
  [{ lost: 1 }, {}, 'stampede: 1 acknowledged orders lost'],
  [{}, { doubleCharged: 2 }, 'conventional: 2 orders charged twice'],
  [{ other: ['zero sum: 1'] }, {}, 'stampede: zero sum: 1'],
])('no figure at the price of a promise: %j, %j', (of, ofPeer, reason) => {
  const report = compare(
    { rounds: ours, audit: { ...audit, ...of } },
    { rounds: theirs, audit: { ...audit, ...ofPeer } },
    { buyers: 64 },
  );
  expect(report.broken).toBe(reason);
  expect(Object.keys(report.figures)).toEqual(['audit']);
  expect(report.text).toBe('no figures');
});
