import type { OrdersReport } from './orders-report.ts';

const WIDTH = 760;
const LEFT = 150;
/** Beside a bar its figures must find room. */
const WIDEST = 400;
const BAR = { height: 34, first: 70, step: 64 };
const HEIGHT = 236;

/** What differs between light and dark pages; the picture has no background of its own. */
const STYLE = `
  text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; } .name { font-size: 14px; text-anchor: end; } .value { font-size: 15px; font-weight: 600; }
  .small { font-size: 12px; fill: #59636e; } .ours { fill: #cf4a1f; } .theirs { fill: #8c959f; } .range { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .small { fill: #9198a1; } .ours { fill: #f0713f; } .range { stroke: #f0f6fc; }
  }`;

/** Orders a second of our shop and of its peer as bars, with the ends of the rounds; SVG. */
export function drawOrders(report: OrdersReport): string {
  const { stampede, conventional, ratio, machine, rounds, seconds } = report;
  const most = Math.max(stampede.maxOrdersPerSecond, conventional.maxOrdersPerSecond);
  const x = (rate: number) => LEFT + (rate / most) * WIDEST;
  const bars = [
    { name: 'Stampede', kind: 'ours', figures: stampede },
    { name: 'conventional', kind: 'theirs', figures: conventional },
  ].map(({ name, kind, figures }, index) => {
    const top = BAR.first + index * BAR.step;
    const middle = top + BAR.height / 2;
    const beside = x(figures.maxOrdersPerSecond) + 10;
    const [from, to] = [x(figures.minOrdersPerSecond), x(figures.maxOrdersPerSecond)];
    return [
      text('name', LEFT - 10, middle + 5, name),
      `<rect class="${kind}" x="${LEFT}" y="${top}" width="${px(x(figures.ordersPerSecond) - LEFT)}" height="${BAR.height}" rx="2"/>`,
      `<path class="range" d="M${px(from)} ${middle}H${px(to)}M${px(from)} ${middle - 5}v10M${px(to)} ${middle - 5}v10"/>`,
      text('value', beside, middle, `${count(figures.ordersPerSecond)} orders/s`),
      text('small', beside, middle + 15, `p50 ${ms(figures.p50Ms)}, p99 ${ms(figures.p99Ms)}`),
    ].join('\n');
  });
  const { cores, cpu, memoryGib, node } = machine;
  const lines = [
    `Median of ${rounds} × ${seconds} s, the thin line from the slowest round to the fastest; ${count(ratio)} times the peer (NestJS, gRPC, TypeORM).`,
    `Shop, Postgres and buyers together on ${cores} cores of ${cpu}, ${memoryGib} GiB, Node ${node}; every commit durable.`,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${count(stampede.ordersPerSecond)} orders a second, the conventional shop ${count(conventional.ordersPerSecond)}</title>`,
    `<style>${STYLE}\n</style>`,
    text('title', 20, 34, 'POST /v1/orders through all services'),
    ...bars,
    ...lines.map((line, index) => text('small', 20, BAR.first + 2 * BAR.step + 16 + index * 18, line)),
    '</svg>',
    '',
  ].join('\n');
}

function text(kind: string, x: number, y: number, words: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text class="${kind}" x="${px(x)}" y="${px(y)}">${escaped}</text>`;
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

function ms(value: number): string {
  return `${value.toLocaleString('en-US', { maximumSignificantDigits: 3 })} ms`;
}
