import { expect, test } from 'vitest';
import type { Bench } from '../bench.ts';
import { readArguments, usage } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const bench = (name: string): Bench => ({
  name,
  summary: `measures ${name}`,
  defaults: { seconds: 10, rounds: 5 },
  run: () => Promise.reject(new Error('not run here')),
});
const benches = [bench('rpc'), bench('orders')];

test('a name, and what its bench holds good', () => {
  expect(readArguments(['rpc'], benches)).toEqual({ bench: benches[0], json: false, seconds: 10, rounds: 5 });
  expect(readArguments(['--json', 'orders', '--seconds', '0.5', '--rounds=1'], benches)).toEqual({
    bench: benches[1],
    json: true,
    seconds: 0.5,
    rounds: 1,
  });
});

test('parts of a bench that has some', () => {
  const growth = { ...bench('growth'), parts: ['orders', 'discovery'] };
  const read = (...argv: string[]) => readArguments(argv, [...benches, growth]);
  expect(read('growth')).not.toHaveProperty('parts');
  expect(read('growth', 'discovery', '--json')).toMatchObject({ bench: growth, parts: ['discovery'], json: true });
  expect(() => read('growth', 'rpc')).toThrow('growth has no part "rpc", but orders, discovery');
  expect(usage([growth])).toContain('measures growth; parts: orders, discovery (5 × 10 s)');
});

test('without a name the benches are listed', () => {
  expect(readArguments([], benches)).toBeUndefined();
  expect(readArguments(['rpc', '--help'], benches)).toBeUndefined();
  expect(usage(benches)).toContain('  rpc     measures rpc (5 × 10 s)\n  orders  measures orders (5 × 10 s)');
});

test.each([
  [['unknown'], 'there is no bench "unknown"'],
  [['rpc', 'orders'], 'one bench at a time'],
  [['rpc', '--seconds', '0'], '--seconds must be a number above 0'],
  [['rpc', '--seconds', '-1'], '--seconds'],
  [['rpc', '--rounds', '1.5'], '--rounds must be'],
  [['rpc', '--fast'], '--fast'],
])('%j makes no sense', (argv, message) => {
  const read = () => readArguments(argv, benches);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
});
