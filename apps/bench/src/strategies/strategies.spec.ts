import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Measured } from '../shop/variants.ts';
import type { StrategyRound } from './loads.ts';
import { reportStrategies } from './report-strategies.ts';
import { STRATEGIES } from './strategies.ts';
import { FILE, withoutKey } from './without-key.ts';

const audit = { oversold: 0, doubleCharged: 0, lost: 0 };
const round = (ordersPerSecond: number, p99Ms: number, readsPerSecond?: number): StrategyRound => ({
  ordersPerSecond,
  p50Ms: 5,
  p99Ms,
  p999Ms: 50,
  errors: 0,
  errorText: '',
  cpu: {},
  checkpoints: 0,
  ...(readsPerSecond !== undefined && { readsPerSecond }),
});

test('affinity is switched off in the source that ships, or not at all', () => {
  const source = readFileSync(fileURLToPath(new URL(`../../../../${FILE}`, import.meta.url)), 'utf8');
  expect(source).toMatch(/reserveStock\([^;]*\{ key \}/);
  expect(withoutKey(source)).not.toMatch(/reserveStock\([^;]*\{ key \}/);
  expect(() => withoutKey(source.replaceAll('{ key }', '{ key: sku }'))).toThrow('does not route by a key as it did');
});

test('each strategy stands beside the shop without it, and two that share a shop share its figures', () => {
  const wanted = STRATEGIES.filter(({ name }) => ['lane', 'catalog', 'reads'].includes(name));
  const found = new Map([
    ['the whole shop', [round(1_000, 20), round(1_100, 22), round(900, 24)]],
    ['plain gRPC', [round(500, 88)]],
    ['no catalog', [round(800, 11)]],
    ['a pool for reads, among readers', [round(700, 30, 2_000)]],
    ['one pool, among readers', [round(700, 60, 1_000)]],
  ]);
  const { figures, text } = reportStrategies(wanted, { found, audit });
  expect(figures['results']).toMatchObject([
    {
      strategy: 'lane',
      with: { ordersPerSecond: 1_000 },
      without: { p99Ms: 88 },
      ratios: { ordersPerSecond: 2, p99Ms: 0.25 },
    },
    { strategy: 'catalog', with: { ordersPerSecond: 1_000 }, ratios: { ordersPerSecond: 1.25, p99Ms: 2 } },
    {
      strategy: 'reads',
      with: { readsPerSecond: 2_000 },
      without: { readsPerSecond: 1_000 },
      ratios: { ordersPerSecond: 1 },
    },
  ]);
  expect(text).toContain('rpc.transport unary everywhere');
});

test('no figure at the price of a promise', () => {
  const measured: Measured<StrategyRound> = {
    found: new Map(),
    audit: { ...audit, lost: 1 },
    broken: 'plain gRPC: 1 lost',
  };
  const report = reportStrategies(STRATEGIES, measured);
  expect(report.broken).toBe('plain gRPC: 1 lost');
  expect(Object.keys(report.figures)).toEqual(['audit']);
});

test('variants are told apart by their names', () => {
  const variants = new Set(STRATEGIES.flatMap((each) => [each.with, each.without]));
  expect(new Set([...variants].map(({ name }) => name)).size).toBe(variants.size);
});
