import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runClosedLoop } from './closed-loop.ts';
import { errorsOf, soldOf } from './load-result.ts';
import { runOpenLoop } from './open-loop.ts';

/** A shop that answers each request as `answer` says, by its number: a status at once, or nothing. */
async function shop(answer: (index: number) => number | undefined) {
  const seen: number[] = [];
  const server = createServer((request, response) => {
    const index = Number(request.url?.slice(1));
    seen.push(index);
    const status = answer(index);
    if (status !== undefined) response.writeHead(status, { 'content-length': 2 }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const request = (index: number) => `GET /${index} HTTP/1.1\r\nhost: shop\r\n\r\n`;
  return { seen, target: { host: '127.0.0.1', port, request } };
}

test('a closed loop counts every answer, and knows which were bought', async () => {
  const { seen, target } = await shop((index) => (index % 10 === 3 ? 409 : 201));
  const result = await runClosedLoop({ ...target, buyers: 4, seconds: 0.3 });
  expect(result.seconds).toBeGreaterThanOrEqual(0.3);
  const refused = seen.filter((index) => index % 10 === 3).length;
  expect(result.statuses).toEqual({ 201: seen.length - refused, 409: refused });
  expect([...result.acknowledged].toSorted((a, b) => a - b)).toEqual(
    seen.filter((index) => index % 10 !== 3).toSorted((a, b) => a - b),
  );
  expect(errorsOf(result)).toEqual({ count: refused, text: `${refused} × 409` });
  expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms);
});

test('an open loop sends what is due, however slow the answers are', async () => {
  const { seen, target } = await shop(() => 201);
  const result = await runOpenLoop({ ...target, rate: 200, seconds: 0.5, connections: 50, graceSeconds: 20 });
  expect(soldOf(result)).toBe(100);
  expect(new Set(seen)).toHaveLength(100);
});

test('who is refused at once does not make the shop look fast', async () => {
  const { target } = await shop((index) => (index % 2 === 0 ? 429 : undefined));
  const result = await runOpenLoop({ ...target, rate: 20, seconds: 0.5, connections: 10, graceSeconds: 0.5 });
  expect(result.statuses).toMatchObject({ 429: 5 });
  expect(result.p50Ms).toBeGreaterThan(400);
});

test('a stall is charged for all who would have come in the meantime, sent or not', async () => {
  // The one connection hangs on its first request: nobody after it is served, and each has waited since it was due.
  const { seen, target } = await shop(() => undefined);
  const result = await runOpenLoop({ ...target, rate: 100, seconds: 1, connections: 1, graceSeconds: 1 });
  expect(seen).toEqual([0]);
  expect(result.acknowledged).toHaveLength(0);
  expect(errorsOf(result).count).toBe(100);
  expect(errorsOf(result).text).toContain('1 × not answered');
  expect(errorsOf(result).text).toContain('99 × never sent');
  // Waits are spread from one second, for the last, to two, for the first.
  expect(result.p50Ms).toBeGreaterThan(1_400);
  expect(result.p999Ms).toBeGreaterThan(1_950);
});
