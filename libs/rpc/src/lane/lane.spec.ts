import { fc, test } from '@fast-check/vitest';
import { AppError } from '@stampede/errors';
import { fakeClock } from '@stampede/testing';
import { expect } from 'vitest';
import { Metadata } from '../metadata.ts';
import { DRAIN, MAX_BATCH } from './protocol.ts';
import { pair as pairOf, type PairOptions, type Told } from '../specs/lane-pair.ts';

const pair = (options: Omit<PairOptions, 'clock'>) => pairOf({ ...options, clock: fakeClock() });
const echo = async (request: Uint8Array) => Promise.resolve(request);
const hex = (buffers: readonly Buffer[]) => buffers.map((each) => each.toString('hex'));

test('a call and its answer, byte for byte', async () => {
  const { call, settle, up, down } = pair({ handle: echo });
  const headers = new Metadata({ 'stampede-service': 'p', 'stampede-user': 'u', 'x-a': 'bc' });
  const [first, second] = [call(4, 5_000, headers), call(4, 300, headers)];
  await settle();
  expect([first.ends[0]?.outcome, second.ends[0]?.outcome]).toEqual(['ok', 'ok']);
  const callOf = (id: string, ms: string) =>
    '04190000' + id + ms + '0100' + '06' + '010075' + '0500' + '0200' + '04' + '6263' + id;
  expect(hex(up.sent)).toEqual([
    // HELLO: versions 1 to 1, no credits, 4 MiB, a window of 32 MiB, service s, instance i.
    '01120000' + '0101' + '00000000' + '00004000' + '00000002' + '0173' + '0169',
    // NAME 1: /s.S/M. NAME 2: x-a. IDENTITY: p. Two CALLs: 5,000 and 300 ms, method 1, user and headers; user u; x-a: bc; the request.
    '02090000' +
      '0100' +
      '062f732e532f4d' +
      '02060000' +
      '0200' +
      '03782d61' +
      '03020000' +
      '0170' +
      callOf('01000000', '88130000') +
      callOf('02000000', '2c010000'),
  ]);
  expect(hex(down.sent)).toEqual([
    // HELLO: version 1, 2,000 credits. HEALTH: serving.
    '01120000' + '0101' + 'd0070000' + '00004000' + '00000002' + '0173' + '0169' + '0c010000' + '01',
    // REPLY 1 and 2, nothing but a payload.
    '05090000' + '01000000' + '00' + '01000000' + '05090000' + '02000000' + '00' + '02000000',
  ]);
});

test('a failure, a refusal, a cancellation and a drain, byte for byte', async () => {
  const { call, settle, up, down, server } = pair({
    handle: async (request) =>
      request[0] === 1 ? Promise.reject(new AppError('ABORTED', 'R', 'm')) : new Promise(() => undefined),
  });
  const failing = call();
  const cancelled = call();
  await settle();
  cancelled.controller.abort();
  server.drain(DRAIN.age);
  await settle();
  expect(failing.ends).toMatchObject([{ outcome: 'answered', error: { code: 'ABORTED', reason: 'R', message: 'm' } }]);
  expect(cancelled.ends).toMatchObject([{ outcome: 'unknown', error: { code: 'CANCELLED' } }]);
  expect(hex(up.sent)[2]).toBe('08050000' + '02000000' + '01');
  const details = Buffer.from('grpc-status-details-bin').toString('hex');
  const instance = Buffer.from('stampede-instance').toString('hex');
  // NAME 1 and 2. REPLY: trailers and a status, 10, m; 72 bytes of trailers: name 1 in 64 bytes, name 2 as i.
  expect(hex(down.sent)[1]).toMatch(
    new RegExp(
      `^021a0000010017${details}02140000020011${instance}` +
        '05520000' +
        `01000000180a016d480001008001[0-9a-f]{128}02000269$`,
    ),
  );
  // DRAIN: 2 was the last; for its age.
  expect(hex(down.sent)[2]).toBe('0b050000' + '02000000' + '00');
});

test('a large payload travels in fragments, and delays nobody', async () => {
  const { call, settle, up, down } = pair({ handle: echo });
  await settle();
  const large = call(4 * 1024 * 1024);
  const small = call();
  for (let n = 0; n < 6; n += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    up.deliver(1);
    down.deliver(1);
  }
  expect(small.ends).toHaveLength(1);
  expect(large.ends).toHaveLength(0);
  await settle();
  expect(large.ends[0]?.payload).toHaveLength(4 * 1024 * 1024);
  expect(large.ends[0]?.payload?.[4_000_000]).toBe(large.number);
  for (const message of [...up.sent, ...down.sent]) expect(message.length).toBeLessThanOrEqual(MAX_BATCH);
});

test('while the wire takes nothing, nothing is serialised, and what is made waits within bounds', async () => {
  const { call, settle, up, clock } = pair({ handle: echo });
  await settle();
  const calls = Array.from({ length: 1_000 }, () => call(16_000, 60_000));
  await clock.advance(0);
  expect(up.waiting).toBe(2);
  await clock.advance(1_000);
  expect(up.waiting).toBe(2);
  await settle();
  expect(calls.every(({ ends }) => ends[0]?.outcome === 'ok')).toBe(true);
});

test('a client that does not read is not worked for', async () => {
  let handled = 0;
  const { call, settle, up, down, clock } = pair({
    handle: async () => {
      handled += 1;
      return Promise.resolve(Buffer.alloc(16_000));
    },
  });
  await settle();
  const calls = Array.from({ length: 1_000 }, () => call(4_000, 60_000));
  for (let n = 0; n < 150; n += 1) {
    await clock.advance(0);
    up.deliver(1);
  }
  expect(up.waiting).toBe(0);
  expect(handled).toBeLessThan(100);
  expect(down.waiting).toBe(2);
  calls[999]?.controller.abort();
  await clock.advance(0);
  up.deliver();
  await settle();
  expect(handled).toBe(999);
  expect(calls.filter(({ ends }) => ends[0]?.outcome === 'ok')).toHaveLength(999);
});

test('handlers that ignore their cancellation use up their lane’s credits, and not the server', async () => {
  let running = 0;
  const { call, settle } = pair({
    handle: async () => {
      running += 1;
      return new Promise(() => undefined);
    },
    limits: { maxConcurrentStreams: 10 },
  });
  await settle();
  for (let n = 0; n < 100; n += 1) {
    const one = call();
    await settle();
    one.controller.abort();
    await settle();
    expect(one.ends).toHaveLength(1);
  }
  expect(running).toBe(10);
});

test('requests that arrive for ever, or are too much to keep, are refused, and others are answered', async () => {
  const { call, settle, up, clock } = pair({ handle: echo, limits: { maxHeldMb: 1, receiveMs: 1_000 } });
  await settle();
  const [slow, second] = [call(900_000, 60_000), call(900_000, 60_000)];
  await clock.advance(0);
  up.deliver(1);
  await clock.advance(0);
  const small = call(4, 60_000);
  for (let n = 0; n < 4; n += 1) {
    await clock.advance(0);
    up.deliver(1);
  }
  await clock.advance(2_000);
  await settle();
  expect(small.ends).toMatchObject([{ outcome: 'ok' }]);
  expect([slow, second].flatMap(({ ends }) => ends)).toMatchObject([
    { outcome: 'not-processed', error: { code: 'DEADLINE_EXCEEDED' } },
    { outcome: 'not-processed', error: { reason: 'TOO_MUCH_HELD' } },
  ]);
  const third = call(900_000);
  await settle();
  expect(third.ends).toMatchObject([{ outcome: 'ok' }]);
});

test('a peer that freezes is found by PING: what was sent is unknown', async () => {
  const { call, settle, clock, events, up, down } = pair({ handle: async () => new Promise(() => undefined) });
  await settle();
  const lost = call(4, 60_000);
  await settle();
  for (let n = 0; n < 25; n += 1) await clock.advance(1_000);
  expect(lost.ends).toMatchObject([{ outcome: 'unknown', error: { reason: 'CONNECTION_LOST' } }]);
  expect(events.at(-1)).toBe('closed: LANE_SILENT');
  expect(up.ended).toBeDefined();
  expect(down.ended).toBeDefined();
});

test('an end that stood still itself hears its peer before it judges it', async () => {
  const { settle, clock, events, up, down } = pair({ handle: echo });
  await settle();
  for (let n = 0; n < 6; n += 1) {
    await clock.advance(5_000);
    await settle();
  }
  expect(events).toEqual(['opened', 'serving']);
  expect([up.ended, down.ended]).toEqual([undefined, undefined]);
});

test.prop([fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 5 }), fc.boolean()], { numRuns: 300 })(
  'whatever arrives, an end answers it or ends its own lane',
  async (noise, greeted) => {
    const { settle, server, client } = pair({ handle: echo });
    if (greeted) await settle();
    for (const each of noise) {
      server.receive(Buffer.from(each));
      client.receive(Buffer.from(each));
    }
    await settle();
  },
);

test.prop(
  [
    fc.array(fc.integer({ min: 4, max: 40_000 }), { minLength: 1, maxLength: 8 }),
    fc.nat(),
    fc.nat(),
    fc.nat(255),
    fc.boolean(),
  ],
  { numRuns: 200 },
)(
  'a batch with a byte changed costs its lane at most: every call ends once',
  async (sizes, which, where, what, upward) => {
    const { call, settle, up, down, client } = pair({ handle: echo });
    await settle();
    const calls = sizes.map((size) => call(size));
    let count = 0;
    const change = (message: Buffer) => {
      if (count++ !== which % 4) return message;
      const changed = Buffer.from(message);
      changed[where % changed.length] = what;
      return changed;
    };
    for (let n = 0; n < 10; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      up.deliver(Infinity, upward ? change : undefined);
      down.deliver(Infinity, upward ? undefined : change);
    }
    await settle();
    client.lost(new AppError('UNAVAILABLE', 'CONNECTION_LOST', 'over'));
    for (const { ends } of calls) expect(ends).toHaveLength(1);
  },
);

const actions = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('call' as const),
        bytes: fc.constantFrom(4, 100, 20_000, 200_000),
        ms: fc.constantFrom(20, 5_000),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(), ok: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('up' as const), count: fc.nat(5) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('down' as const), count: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 3_000) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'retire' as const, 'refuse' as const) }),
    },
  ),
  { maxLength: 60 },
);

test.prop([actions, fc.boolean()], { numRuns: 400 })(
  'whatever happens to a lane, each of its calls ends once, and as what it was',
  async (steps, lose) => {
    const running = new Map<number, PromiseWithResolvers<unknown>>();
    const seen = new Map<number, 'ok' | 'failed' | undefined>();
    const { call, settle, up, down, clock, client, server, dispatcher } = pair({
      handle: async (request) => {
        const number = Buffer.from(request.buffer, request.byteOffset).readUInt32LE();
        const gate = Promise.withResolvers<unknown>();
        expect(seen.has(number)).toBe(false);
        running.set(number, gate);
        seen.set(number, undefined);
        return gate.promise;
      },
    });
    const calls: Told[] = [];
    const finish = (which: number, ok: boolean) => {
      const [number, gate] = [...running][which % Math.max(1, running.size)] ?? [];
      if (number === undefined || gate === undefined) return;
      running.delete(number);
      seen.set(number, ok ? 'ok' : 'failed');
      if (ok) gate.resolve(Buffer.alloc(number % 3 === 0 ? 100_000 : 10, number));
      else gate.reject(new AppError('ABORTED', 'NO', 'no'));
    };
    for (const step of steps) {
      switch (step.do) {
        case 'call':
          if (client.state === 'opening' || client.state === 'open') calls.push(call(step.bytes, step.ms));
          break;
        case 'finish':
          finish(step.which, step.ok);
          break;
        case 'up':
          up.deliver(step.count);
          break;
        case 'down':
          down.deliver(step.count);
          break;
        case 'cancel':
          calls[step.which % Math.max(1, calls.length)]?.controller.abort();
          break;
        case 'wait':
          await clock.advance(step.ms);
          break;
        case 'drain':
          server.drain(DRAIN.age);
          break;
        case 'retire':
          client.retire();
          break;
        case 'refuse':
          dispatcher.refuse();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (lose) {
      up.lose();
      down.lose();
      server.lost();
      client.lost(new AppError('UNAVAILABLE', 'CONNECTION_LOST', 'over'));
    } else {
      await settle();
      while (running.size > 0) {
        finish(0, true);
        await settle();
      }
      await settle();
    }
    for (const { number, ends } of calls) {
      expect(ends).toHaveLength(1);
      const [end] = ends;
      if (end?.outcome === 'not-processed') expect(seen.has(number)).toBe(false);
      if (end?.outcome === 'answered') expect(seen.get(number)).toBe('failed');
      if (end?.outcome === 'ok') {
        expect(seen.get(number)).toBe('ok');
        expect(end.payload).toEqual(Buffer.alloc(number % 3 === 0 ? 100_000 : 10, number));
      }
      if (!lose && end?.outcome === 'unknown') {
        expect(['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(end.error?.code);
      }
    }
  },
);
