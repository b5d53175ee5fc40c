import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { besiege, eventually, socketsOf } from '@stampede/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { call, logIn, type Shopper } from './support/shopper.ts';
import { instancesOf, startStack, type Stack } from './support/stack.ts';

/** Milliseconds of each flood: a few here, more where STAMPEDE_HOSTILE_MS says so. */
const FLOOD_MS = Number(process.env['STAMPEDE_HOSTILE_MS'] ?? 2_000);
/** Mebibytes that an attack may cost the gateway, and the longest that an honest client may wait, in ms on a busy machine. */
const BOUND_MB = 256;
const WAIT_MS = 20_000;

let stack: Stack;
let customer: Shopper;
let gateway: number;
beforeAll(async () => {
  stack = await startStack();
  customer = await logIn(stack, stack.customer);
  gateway = instancesOf(stack, 'gateway')[0]!;
  for (let n = 0; n < 200; n += 1) await honest();
}, 150_000);
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

async function honest(): Promise<void> {
  const { status } = await call(`${stack.url}/v1/products`, { signal: AbortSignal.timeout(30_000) });
  expect(status).toBe(200);
}

function open(): net.Socket {
  const { hostname, port } = new URL(stack.url);
  const socket = net.connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const asCustomer = () => `Authorization: Bearer ${customer.token}`;

/** Opens so many sockets and waits until all are there, or refused. Not all at once: what overflows the kernel's queue comes in seconds later. */
async function crowd(count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, open);
    await Promise.all(
      some.map((each) => new Promise((resolve) => each.once('connect', resolve).once('close', resolve))),
    );
    sockets.push(...some);
    await sleep(10);
  }
  return sockets;
}

async function drip(sockets: readonly net.Socket[], what: string, everyMs: number, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    for (const socket of sockets) if (socket.writable) socket.write(what);
    await sleep(everyMs);
  }
}

/** The gateway lets slow headers go after 15 s, and looks every 5; a busy machine may be late. */
const LET_GO_MS = 60_000;

test('two thousand connections that say nothing, or a byte at a time, are let go, and others are served', async () => {
  const before = socketsOf(gateway);
  const siege = await besiege({
    pid: gateway,
    probe: honest,
    attack: async () => {
      const sockets = await crowd(2_000);
      for (const [n, socket] of sockets.entries()) {
        socket.resume();
        if (n % 2 === 0) socket.write(`GET /v1/products HTTP/1.1\r\nHost: x\r\n`);
      }
      const slow = sockets.filter((_, n) => n % 2 === 0);
      const closed = Promise.all(
        sockets.map((each) => new Promise((resolve) => (each.closed ? resolve(0) : each.once('close', resolve)))),
      );
      await Promise.race([closed, drip(slow, 'x: y\r\n', 500, LET_GO_MS)]);
      expect(sockets.filter((each) => !each.closed)).toEqual([]);
    },
  });
  expect(siege.failures).toEqual([]);
  expect(siege.worstMs).toBeLessThan(WAIT_MS);
  expect(siege.grownMb).toBeLessThan(BOUND_MB);
  await eventually(() => expect(socketsOf(gateway)).toBeLessThan(before + 20), { timeoutMs: 20_000 });
}, 120_000);

const FLOODS: readonly (readonly [what: string, sockets: number, read: boolean, request: () => string])[] = [
  ['pipelined requests', 4, true, () => lines('GET /v1/products HTTP/1.1', 'Host: x')],
  ['pipelined requests whose answers nobody reads', 20, false, () => lines('GET /openapi.json HTTP/1.1', 'Host: x')],
  ['requests for nothing', 4, true, () => lines('GET /nothing HTTP/1.1', 'Host: x')],
  [
    'deep JSON',
    4,
    true,
    () => {
      const body = '['.repeat(200_000);
      return (
        lines(
          'POST /v1/sessions HTTP/1.1',
          'Host: x',
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
        ) + body
      );
    },
  ],
  [
    'orders that are none',
    4,
    true,
    () => lines('POST /v1/orders HTTP/1.1', 'Host: x', asCustomer(), 'Content-Length: 0'),
  ],
  [
    'watches whose events nobody reads',
    50,
    false,
    () => lines('GET /v1/orders/0198b2a4-7f00-7000-8000-000000000001:watch HTTP/1.1', 'Host: x', asCustomer()),
  ],
];

test.each(FLOODS)(
  'a flood of %s costs a bounded memory, and others are served',
  async (_what, count, read, request) => {
    const text = request();
    const batch = text.repeat(Math.max(1, Math.floor(65_536 / text.length)));
    const before = socketsOf(gateway);
    const { failures, worstMs, grownMb } = await besiege({
      pid: gateway,
      probe: honest,
      attack: async () => {
        const sockets = await crowd(count);
        const until = performance.now() + FLOOD_MS;
        await Promise.all(
          sockets.map(async (socket) => {
            if (read) socket.resume();
            else socket.pause();
            while (socket.writable && performance.now() < until) {
              if (!socket.writableNeedDrain) socket.write(batch);
              await sleep(1);
            }
          }),
        );
        for (const socket of sockets) socket.destroy();
      },
    });
    expect(failures).toEqual([]);
    expect(worstMs).toBeLessThan(WAIT_MS);
    expect(grownMb).toBeLessThan(BOUND_MB);
    await eventually(() => expect(socketsOf(gateway)).toBeLessThan(before + 20), { timeoutMs: 20_000 });
  },
);
