import { expect, test } from 'vitest';
import { UsageError } from '../cli/usage-error.ts';
import { drawOrders } from './draw-orders.ts';
import { readOrdersReport } from './orders-report.ts';

const shop = (ordersPerSecond: number) => ({
  ordersPerSecond,
  minOrdersPerSecond: ordersPerSecond * 0.9,
  maxOrdersPerSecond: ordersPerSecond,
  p50Ms: 20.25,
  p99Ms: 80,
});
const report = {
  bench: 'orders',
  stampede: shop(12_000),
  conventional: shop(480),
  ratio: 25,
  seconds: 60,
  rounds: 2,
  machine: { cpu: 'Fast & <Cheap>', cores: 2, memoryGib: 8, node: 'v24.0.0' },
};

test('bars are as long as their figures, and what the machine calls itself does not break the picture', () => {
  const svg = drawOrders(report);
  expect(svg).toContain('12,000 orders/s');
  expect(svg).toContain('480 orders/s');
  expect(svg).toContain('p50 20.3 ms, p99 80 ms');
  expect(svg).toContain('Fast &amp; &lt;Cheap&gt;');
  const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);
  expect(widths).toEqual([
    ['ours', 400],
    ['theirs', 16],
  ]);
});

test('the JSON is found behind what npm says', () => {
  const said = `\n> stampede@0.1.0 bench\n> node run.mjs bench orders --json\n\n${JSON.stringify(report)}\n`;
  expect(readOrdersReport(said)).toEqual(report);
});

test.each([
  ['', 'no JSON of a bench'],
  ['{"bench":"orders"', 'no JSON of a bench'],
  ['{"bench":"rpc"}', 'the JSON of rpc, not of orders'],
  ['{"bench":"orders","audit":{"lost":1}}', 'no stampede.ordersPerSecond'],
  [JSON.stringify({ ...report, conventional: { ...shop(1), p99Ms: null } }), 'no conventional.p99Ms'],
])('%s cannot be drawn', (text, message) => {
  const read = () => readOrdersReport(text);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
});
