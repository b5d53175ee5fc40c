import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { AppError } from '@stampede/errors';
import { tcpLink } from '@stampede/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { outcomeOf, type Instance } from '../index.ts';
import { all, connect, failure, request, response, startEcho, TRANSPORTS, type EchoHandlers } from './setup.ts';

/** An HTTP/2 server that treats calls as `treat` says, and how many it got. */
async function wireServer(treat: (stream: http2.ServerHttp2Stream, nth: number) => void) {
  const calls = { count: 0 };
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    treat(stream, (calls.count += 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, instance: { id: address, service: 'echo', address, metadata: {} } satisfies Instance };
}

/** Refused by the protocol: the call was never seen. */
const refusing = (stream: http2.ServerHttp2Stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
/** Handlers that have their connection cut by `cut` for as long as it says so, and how often each was called. */
function dying(cut: (nth: number) => boolean): { handlers: Partial<EchoHandlers>; calls: { count: number } } {
  const calls = { count: 0 };
  const handler = async () => {
    calls.count += 1;
    return cut(calls.count) ? new Promise<never>(() => undefined) : Promise.resolve(response({ number: calls.count }));
  };
  return { calls, handlers: { echo: handler, put: handler, add: handler } };
}

/** An echo server behind a wire that can be cut, whatever goes over it. */
async function linked(handlers: Partial<EchoHandlers>) {
  const { instance } = await startEcho(handlers);
  const [host = '', port] = instance.address.split(':');
  const link = await tcpLink({ target: () => ({ host, port: Number(port) }) });
  onTestFinished(() => link.close());
  return { instance: { ...instance, address: `127.0.0.1:${link.port}` }, link };
}

const METHODS = ['echo', 'put', 'add'] as const;

/** Handlers that fail as told until the nth call, and how often each was called. */
function failing(times: number, error: AppError): { handlers: Partial<EchoHandlers>; calls: { count: number } } {
  const calls = { count: 0 };
  const handler = async () => {
    calls.count += 1;
    return calls.count <= times ? Promise.reject(error) : Promise.resolve(response({ number: calls.count }));
  };
  return { calls, handlers: { echo: handler, put: handler, add: handler } };
}

describe.each(TRANSPORTS)('retries over %s', (_name, transport) => {
  test.each(METHODS)('%s is sent elsewhere when its stream was refused', async (method) => {
    const wire = await wireServer(refusing);
    const good = await startEcho();
    const { client, channel } = connect([wire.instance, good.instance], { transport });
    await channel.ready();
    for (let n = 0; n < 20; n += 1) await client[method](request());
    expect(wire.calls.count).toBeGreaterThan(0);
  });

  test('refused everywhere is UNAVAILABLE and not processed, after a bounded number of attempts', async () => {
    const wire = await wireServer(refusing);
    const { client } = connect([wire.instance], { transport, retry: { maxAttempts: 3 } });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_REFUSED' });
    expect(outcomeOf(error)).toBe('not-processed');
    expect(wire.calls.count).toBe(3);
  });

  test('registrations that dead processes left on an address cost a call no attempt, however many they are', async () => {
    const living = await startEcho();
    const dead = Array.from({ length: 8 }, (_, n) => ({ ...living.instance, id: `dead-${n}` }));
    const { client, discovery } = connect([living.instance], { transport, retry: { maxAttempts: 1 } });
    await client.add(request());
    discovery.publish([...dead, living.instance]);
    for (let n = 0; n < 300; n += 1) await client.add(request());
  });

  test('nobody listens: UNAVAILABLE and not processed, soon', async () => {
    const { client } = connect([{ id: 'x', service: 'echo', address: '127.0.0.1:1', metadata: {} }], { transport });
    const before = performance.now();
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(outcomeOf(error)).toBe('not-processed');
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('a call that may have been processed is never sent twice unless its contract allows it', async () => {
    const { calls, handlers } = dying(() => {
      link.cut();
      link.heal();
      return true;
    });
    const { instance, link } = await linked(handlers);
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'CONNECTION_LOST' });
    expect(outcomeOf(error)).toBe('unknown');
    expect(calls.count).toBe(1);
  });

  test.each(['echo', 'put'] as const)('%s is sent again when its connection was lost', async (method) => {
    const { calls, handlers } = dying((nth) => {
      if (nth < 3) link.cut();
      link.heal();
      return nth < 3;
    });
    const { instance, link } = await linked(handlers);
    const { client } = connect([instance], { transport });
    expect(await client[method](request())).toMatchObject({ number: 3 });
    expect(calls.count).toBe(3);
  });

  test.each([
    ['echo', 'UNAVAILABLE', 3],
    ['put', 'UNAVAILABLE', 3],
    ['add', 'UNAVAILABLE', 1],
    ['echo', 'INTERNAL', 1],
    ['echo', 'RESOURCE_EXHAUSTED', 1],
    ['echo', 'ABORTED', 1],
  ] as const)('%s answered with %s is called %i times', async (method, code, times) => {
    const { handlers, calls } = failing(2, new AppError(code, 'HICCUP', 'hiccup'));
    const { instance } = await startEcho(handlers);
    const { client } = connect([instance], { transport });
    const call = client[method](request());
    if (times === 3) expect(await call).toMatchObject({ number: 3 });
    else expect(await failure(call)).toMatchObject({ code, reason: 'HICCUP' });
    expect(calls.count).toBe(times);
  });

  test('once an attempt may have been processed, a later refusal does not make the call "not processed"', async () => {
    const { calls, handlers } = dying(() => {
      link.cut();
      return true;
    });
    const { instance, link } = await linked(handlers);
    const { client } = connect([instance], { transport });
    const error = await failure(client.put(request()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(outcomeOf(error)).toBe('unknown');
    expect(calls.count).toBe(1);
  });

  test('the deadline bounds all attempts together', async () => {
    const { handlers } = failing(1_000, new AppError('UNAVAILABLE', 'HICCUP', 'hiccup'));
    const { instance } = await startEcho(handlers);
    const { client } = connect([instance], { transport, retry: { maxAttempts: 1_000 } });
    const before = performance.now();
    expect(await failure(client.echo(request(), { deadlineMs: 300 }))).toBeInstanceOf(AppError);
    expect(performance.now() - before).toBeLessThan(600);
  });

  test('a budget keeps retries from amplifying an outage', async () => {
    const { handlers, calls } = failing(Infinity, new AppError('UNAVAILABLE', 'DOWN', 'down'));
    const { instance } = await startEcho(handlers);
    const { client } = connect([instance], { transport, retry: { budget: { capacity: 10, perCall: 0.1 } } });
    for (let n = 0; n < 100; n += 1) await failure(client.echo(request()));
    expect(calls.count).toBeGreaterThan(100);
    expect(calls.count).toBeLessThanOrEqual(120);
  });

  test('a stream that was refused before it said anything is opened elsewhere, its requests included', async () => {
    const wire = await wireServer(refusing);
    const good = await startEcho();
    const { client, channel } = connect([wire.instance, good.instance], { transport });
    await channel.ready();
    async function* three() {
      for (const number of [1, 2, 3]) yield await Promise.resolve(request({ number }));
    }
    for (let n = 0; n < 10; n += 1) {
      expect(await all(client.count(request({ number: 3 })))).toHaveLength(3);
      expect(await client.sum(three())).toMatchObject({ number: 6 });
      expect((await all(client.chat(three()))).map(({ number }) => number)).toEqual([1, 2, 3]);
    }
    expect(wire.calls.count).toBeGreaterThan(0);
  });
});
