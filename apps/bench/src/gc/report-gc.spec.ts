import { expect, test } from 'vitest';
import { reportGc, type GcRound } from './report-gc.ts';

const audit = { oversold: 0, doubleCharged: 0, lost: 0 };
const pauses = (share: number, longestMs: number) => ({
  share,
  longestMs,
  minorPerSecond: 10,
  majorPerSecond: 0.1,
  residentMb: 150,
});
const round = (ordersPerSecond: number, order: ReturnType<typeof pauses>): GcRound => ({
  ordersPerSecond,
  p50Ms: 5,
  p99Ms: 20,
  p999Ms: 50,
  errors: 0,
  errorText: '',
  cpu: { gateway: 40, order: 30, inventory: 10, payment: 10, postgres: 60 },
  checkpoints: 0,
  processes: {
    gateway: pauses(0.01, 2),
    order,
    inventory: pauses(0.01, 3),
    payment: pauses(0, 0),
    user: pauses(0.5, 99),
  },
});

test('shares are medians, the longest pause is the longest of any round and process of the path', () => {
  const rounds = [round(1_000, pauses(0.02, 4)), round(900, pauses(0.04, 25)), round(1_100, pauses(0.03, 5))];
  const { figures, text } = reportGc([{ name: 'shipped' }, { name: 'defaults', flags: '--' }], {
    found: new Map([
      ['shipped', rounds],
      ['defaults', [round(800, pauses(0.1, 7))]],
    ]),
    audit,
  });
  expect(figures['results']).toMatchObject([
    {
      name: 'shipped',
      flags: '',
      ordersPerSecond: 1_000,
      longestPauseMs: 25,
      processes: {
        order: { share: 0.03, longestPauseMs: 25, residentMb: 150 },
        payment: { share: 0, longestPauseMs: 0 },
      },
    },
    { name: 'defaults', flags: '--', longestPauseMs: 7 },
  ]);
  expect(text).toContain('3 (150)');
});

test('no figure at the price of a promise', () => {
  const report = reportGc([{ name: 'shipped' }], {
    found: new Map(),
    audit: { ...audit, oversold: 1 },
    broken: 'shipped: 1',
  });
  expect(report).toEqual({ figures: { audit: { ...audit, oversold: 1 } }, text: 'no figures', broken: 'shipped: 1' });
});
