import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { besiege, eventually, residentMb, socketsOf, type Siege } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerLimits } from '../../server/limits.ts';
import {
  callFields,
  FLAGS,
  frame,
  frameClient,
  framed,
  headerBlock,
  setting,
  TYPES,
  type FrameClient,
} from './frames.ts';
import { startVictim, type Victim } from './victim.ts';

const ADD = '/stampede.test.v1.EchoService/Add';
const CHAT = '/stampede.test.v1.EchoService/Chat';
const MIB = 1024 * 1024;
const ENHANCE_YOUR_CALM = 11;
const REFUSED = 7;
const PATIENCE = { timeoutMs: 20_000 };
/** Mebibytes of a process's own affairs beside what the bounds say: garbage that is not collected yet, for the most part. */
const OVERHEAD_MB = 128;

async function victimOf(limits: Partial<ServerLimits>): Promise<Victim> {
  const victim = await startVictim(limits);
  onTestFinished(() => victim.end());
  return victim;
}

async function siege<T>({ pid, address, probe }: Victim, attack: (address: string) => Promise<T>): Promise<Siege<T>> {
  return besiege({ pid, probe, attack: () => attack(address) });
}

const idOf = (n: number) => 2 * n + 1;
const resets = (client: FrameClient, code: number) =>
  client.received.filter(({ type, payload }) => type === TYPES.rstStream && payload.readUInt32BE(0) === code).length;

/** Opens `count` calls that announce a message of `bytes` and send most of it, as fast as the server's windows allow, and never the rest. */
async function holdBodies(client: FrameClient, path: string, count: number, bytes: number): Promise<void> {
  const call = headerBlock(callFields(path));
  const head = framed(Buffer.alloc(0), { length: bytes });
  const chunk = Buffer.alloc(16_384);
  const windows = new Map<number, number>();
  const sent = new Map<number, number>();
  let connection = 65_535;
  let read = 0;
  for (let n = 0; n < count; n += 1) {
    await client.send(
      frame(TYPES.headers, FLAGS.endHeaders, idOf(n), call),
      frame(TYPES.data, FLAGS.none, idOf(n), head),
    );
    windows.set(idOf(n), 65_535 - head.length);
    connection -= head.length;
  }
  const most = bytes - chunk.length;
  while (!client.closed && [...windows.keys()].some((id) => (sent.get(id) ?? 0) < most)) {
    let idle = true;
    for (; read < client.received.length; read += 1) {
      const { type, stream, payload } = client.received[read]!;
      if (type === TYPES.rstStream) windows.delete(stream);
      if (type !== TYPES.windowUpdate) continue;
      if (stream === 0) connection += payload.readUInt32BE(0);
      else if (windows.has(stream)) windows.set(stream, (windows.get(stream) ?? 0) + payload.readUInt32BE(0));
    }
    for (const [id, window] of windows) {
      if (connection < chunk.length || window < chunk.length || (sent.get(id) ?? 0) >= most) continue;
      idle = false;
      connection -= chunk.length;
      windows.set(id, window - chunk.length);
      sent.set(id, (sent.get(id) ?? 0) + chunk.length);
      await client.send(frame(TYPES.data, FLAGS.none, id, chunk));
    }
    if (idle) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test.each([
  ['single requests', ADD],
  ['a stream of requests', CHAT],
])(
  'bodies that are held back hold no more than the bound: of %s',
  async (_what, path) => {
    const victim = await victimOf({ maxHeldMb: 16 });
    const { outcome, failures, grownMb } = await siege(victim, async (address) => {
      const client = await frameClient(address);
      await Promise.race([
        holdBodies(client, path, 40, MIB),
        eventually(() => expect(resets(client, ENHANCE_YOUR_CALM)).toBeGreaterThan(8), PATIENCE),
      ]);
      return client;
    });
    expect(resets(outcome, ENHANCE_YOUR_CALM)).toBeGreaterThan(8);
    expect(outcome.closed).toBe(false);
    expect(failures).toEqual([]);
    expect(grownMb).toBeLessThan(16 + OVERHEAD_MB);
  },
  60_000,
);

test('a request that does not arrive in time is given up, a stream of requests may take its time', async () => {
  const victim = await victimOf({ receiveMs: 500 });
  const client = await frameClient(victim.address);
  for (const [n, path] of [ADD, CHAT].entries()) {
    await client.send(
      frame(TYPES.headers, FLAGS.endHeaders, idOf(n), headerBlock(callFields(path))),
      frame(TYPES.data, FLAGS.none, idOf(n), framed(Buffer.of(1), { length: 100 })),
    );
  }
  const reset = await client.until(({ type }) => type === TYPES.rstStream);
  expect([reset?.stream, reset?.payload.readUInt32BE(0)]).toEqual([idOf(0), ENHANCE_YOUR_CALM]);
  await client.send(
    frame(TYPES.data, FLAGS.endStream, idOf(1), Buffer.concat([Buffer.of(0x1a, 97), Buffer.alloc(97)])),
  );
  expect(await client.until(({ type, stream }) => type === TYPES.data && stream === idOf(1))).toBeDefined();
});

test.each([
  ['for long are given up', { maxHeldMb: 64, takeMs: 500 }, 400],
  ['beyond the bound are given up', { maxHeldMb: 4, takeMs: 60_000 }, 400 - 128],
])(
  'answers that nobody reads %s',
  async (_what, limits, atLeast) => {
    const victim = await victimOf(limits);
    const message = framed(Buffer.concat([Buffer.of(0x1a, 0x80, 0x80, 0x02), Buffer.alloc(32_768)]));
    const call = headerBlock(callFields(ADD));
    const COUNT = 400;
    const { outcome, failures, grownMb } = await siege(victim, async (address) => {
      const client = await frameClient(address, { settings: [setting(4, 0)] });
      let read = 0;
      let window = 65_535;
      for (let n = 0; n < COUNT && !client.closed; n += 1) {
        while (window < message.length && !client.socket.destroyed) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          for (; read < client.received.length; read += 1) {
            const { type, stream, payload } = client.received[read]!;
            if (type === TYPES.windowUpdate && stream === 0) window += payload.readUInt32BE(0);
          }
        }
        window -= message.length;
        await client.send(
          frame(TYPES.headers, FLAGS.endHeaders, idOf(n), call),
          frame(TYPES.data, FLAGS.none, idOf(n), message.subarray(0, 16_384)),
          frame(TYPES.data, FLAGS.none, idOf(n), message.subarray(16_384, 32_768)),
          frame(TYPES.data, FLAGS.endStream, idOf(n), message.subarray(32_768)),
        );
      }
      await eventually(() => expect(resets(client, ENHANCE_YOUR_CALM)).toBeGreaterThanOrEqual(atLeast), PATIENCE);
      return client;
    });
    expect(outcome.closed).toBe(false);
    expect(failures).toEqual([]);
    expect(grownMb).toBeLessThan(limits.maxHeldMb + OVERHEAD_MB);
  },
  60_000,
);

test('messages that unpack beyond the limit are refused, a hundred at once as well', async () => {
  const victim = await victimOf({ maxHeldMb: 32 });
  const bomb = framed(gzipSync(Buffer.alloc(16 * MIB)), { flag: 1 });
  const call = headerBlock(callFields(ADD, [['grpc-encoding', 'gzip']]));
  const { outcome, failures, grownMb } = await siege(victim, async (address) => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => frameClient(address)));
    for (const client of clients) {
      for (const n of [0, 1]) {
        await client.send(
          frame(TYPES.headers, FLAGS.endHeaders, idOf(n), call),
          frame(TYPES.data, FLAGS.none, idOf(n), bomb.subarray(0, 16_384)),
          frame(TYPES.data, FLAGS.endStream, idOf(n), bomb.subarray(16_384)),
        );
      }
    }
    for (const client of clients) {
      for (const n of [0, 1]) {
        const ended = ({ type, flags, stream }: { type: number; flags: number; stream: number }) =>
          stream === idOf(n) &&
          (type === TYPES.rstStream || (type === TYPES.headers && (flags & FLAGS.endStream) !== 0));
        await client.until(ended);
      }
    }
    return clients;
  });
  expect(outcome.some(({ closed }) => closed)).toBe(false);
  expect(failures).toEqual([]);
  expect(grownMb).toBeLessThan(32 + OVERHEAD_MB);
}, 60_000);

test('calls beyond those that the server takes at once are refused as not processed, and let in when there is room', async () => {
  const victim = await victimOf({ maxCalls: 100 });
  const call = headerBlock(callFields(ADD));
  const clients = await Promise.all(Array.from({ length: 4 }, () => frameClient(victim.address)));
  for (const client of clients) {
    for (let n = 0; n < 50; n += 1) await client.send(frame(TYPES.headers, FLAGS.endHeaders, idOf(n), call));
  }
  await eventually(() => expect(clients.reduce((sum, client) => sum + resets(client, REFUSED), 0)).toBe(100), PATIENCE);
  for (const client of clients) client.socket.destroy();
  await eventually(() => victim.probe(), PATIENCE);
});

test('connections beyond the bound are hung up on, silent ones soon, and what they held is let go', async () => {
  const victim = await victimOf({ maxConnections: 200, handshakeMs: 1_000 });
  const [host = '', port] = victim.address.split(':');
  const before = socketsOf(victim.pid);
  const memory = residentMb(victim.pid);
  const sockets = Array.from({ length: 400 }, (_, n) => {
    const socket = net.connect(Number(port), host);
    socket.on('error', () => undefined).resume();
    // Half of them say the preface of HTTP/2, byte by byte, and never all of it.
    const drip = n % 2 === 0 ? setInterval(() => socket.writable && socket.write('P'.repeat(1)), 300) : undefined;
    socket.on('close', () => clearInterval(drip));
    return socket;
  });
  const closed = Promise.all(
    sockets.map(
      async (socket) => new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once('close', resolve))),
    ),
  );
  const { failures } = await siege(victim, () => closed);
  // The client that was there before is served all the time.
  expect(failures).toEqual([]);
  await eventually(() => expect(socketsOf(victim.pid)).toBeLessThanOrEqual(before), PATIENCE);
  expect(residentMb(victim.pid) - memory).toBeLessThan(OVERHEAD_MB);
  const late = await frameClient(victim.address);
  expect(await late.until(({ type }) => type === TYPES.settings)).toBeDefined();
}, 60_000);
