import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '@stampede/errors';
import type { Instance } from '../index.ts';
import { load, PATIENCE } from './load.ts';
import { connect, failure, FakeDiscovery, request, response, startEcho, TRANSPORTS, type Echo } from './setup.ts';

/** An echo server that counts the calls it got. */
async function counting(delayMs = 0) {
  const calls = { count: 0 };
  const echo = await startEcho({
    add: async () => {
      calls.count += 1;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return response();
    },
  });
  return { ...echo, calls };
}

/** An echo server in a process of its own. */
async function spawned(id: string): Promise<{ instance: Instance; kill(): void }> {
  const child = fork(new URL('./echo-process.ts', import.meta.url), [id], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [address] = (await once(child, 'message')) as [string];
  return { instance: { id, service: 'echo', address, metadata: {} }, kill: () => void child.kill('SIGKILL') };
}

const burst = async (client: Echo, calls: number, callers: number) => {
  let left = calls;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while ((left -= 1) >= 0) await client.add(request());
    }),
  );
};

describe.each(TRANSPORTS)('balance over %s', (_name, transport) => {
  test.each([1, 8, 64])('two instances share the calls of %i callers', async (callers) => {
    const servers = [await counting(), await counting()];
    const { client, discovery } = connect(new FakeDiscovery([]), { transport });
    discovery.publish(servers.map(({ instance }) => instance));
    await burst(client, 100, callers);
    for (const { calls } of servers) calls.count = 0;
    await burst(client, 800, callers);
    for (const { calls } of servers) expect(calls.count).toBeGreaterThan(200);
  });

  test('a slow instance gets less', async () => {
    const [slow, fast] = [await counting(200), await counting(1)];
    const { client } = connect([slow.instance, fast.instance], { transport });
    await burst(client, 1_000, 16);
    expect(slow.calls.count).toBeLessThan(fast.calls.count / 2);
    expect(slow.calls.count).toBeGreaterThan(0);
  });

  test('an instance that rejects fast does not draw the calls', async () => {
    const rejecting = { count: 0 };
    const bad = await startEcho({
      add: async () => {
        rejecting.count += 1;
        return Promise.reject(new AppError('RESOURCE_EXHAUSTED', 'FULL', 'full'));
      },
    });
    const good = await counting(5);
    const { client } = connect([bad.instance, good.instance], { transport });
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let n = 0; n < 50; n += 1) await client.add(request()).catch(() => undefined);
      }),
    );
    expect(rejecting.count).toBeLessThan(80);
    expect(good.calls.count).toBeGreaterThan(320);
  });

  test('a third instance gets its share within a second', async () => {
    const servers = [await counting(1), await counting(1)];
    const { client, discovery } = connect(
      servers.map(({ instance }) => instance),
      { transport },
    );
    const { result, stop } = load(client, 16);
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(300), PATIENCE);
    const third = await counting(1);
    discovery.publish([...servers, third].map(({ instance }) => instance));
    await vi.waitFor(() => expect(third.calls.count).toBeGreaterThan(0), PATIENCE);
    // Its share of the calls from its first one on: so many take a fraction of a second where the machine is not busy.
    const [calls, share] = [result.calls, third.calls.count];
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(calls + 600), PATIENCE);
    expect((third.calls.count - share) / (result.calls - calls)).toBeGreaterThan(0.2);
    expect((await stop()).errors).toEqual([]);
  }, 60_000);

  test('one of two killed: no idempotent call fails', async () => {
    const [first, second] = [await spawned('one'), await spawned('two')];
    const { client, channel } = connect([first.instance, second.instance], { transport });
    await channel.ready();
    const { result, stop } = load(client, 64, 'put');
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(500), PATIENCE);
    first.kill();
    const { calls } = result;
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(calls + 500), PATIENCE);
    expect((await stop()).errors).toEqual([]);
  }, 60_000);

  test('an instance that comes back is used again', async () => {
    const first = await startEcho();
    const second = await counting();
    const { client, discovery } = connect([first.instance, second.instance], { transport });
    await burst(client, 50, 4);
    await first.server.drain();
    await burst(client, 50, 4);
    const back = await counting();
    discovery.publish([back.instance, second.instance]);
    await vi.waitFor(async () => {
      await burst(client, 20, 4);
      expect(back.calls.count).toBeGreaterThan(0);
    });
  });

  test('an instance that is no longer wanted finishes its calls', async () => {
    const gate = Promise.withResolvers<undefined>();
    const leaving = await startEcho({
      add: async () => {
        await gate.promise;
        return response({ text: 'finished' });
      },
    });
    const staying = await counting();
    const { client, discovery } = connect([leaving.instance], { transport });
    const call = client.add(request());
    await client.echo(request());
    discovery.publish([staying.instance]);
    await client.add(request());
    expect(staying.calls.count).toBe(1);
    gate.resolve(undefined);
    expect(await call).toMatchObject({ text: 'finished' });
  });

  test('a call made before instances are known waits for them, within its deadline', async () => {
    const { client, discovery } = connect(new FakeDiscovery(), { transport });
    expect(await failure(client.echo(request(), { deadlineMs: 50 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const early = client.echo(request({ text: 'early' }));
    const { instance } = await startEcho();
    discovery.publish([instance]);
    expect(await early).toMatchObject({ text: 'early' });
  });

  test('all gone: calls fail at once, UNAVAILABLE and not processed', async () => {
    const { instance } = await startEcho();
    const { client, discovery } = connect([instance], { transport });
    await client.echo(request());
    discovery.publish([]);
    const before = performance.now();
    expect(await failure(client.add(request()))).toMatchObject({ code: 'UNAVAILABLE', reason: 'NO_INSTANCE' });
    expect(performance.now() - before).toBeLessThan(500);
  });

  test('a fading instance serves for as long as its connection does, and is then reported gone', async () => {
    const { instance, server } = await startEcho();
    const { client, discovery } = connect([instance], { transport });
    await client.echo(request());
    discovery.publish([], [instance]);
    expect(await client.echo(request({ text: 'still here' }))).toMatchObject({ text: 'still here' });
    expect(discovery.forgotten).toEqual([]);
    await server.drain();
    await vi.waitFor(() => expect(discovery.forgotten).toEqual([instance.id]));
    expect(await failure(client.add(request()))).toMatchObject({ code: 'UNAVAILABLE', reason: 'NO_INSTANCE' });
  });

  test('a fading instance that was never connected is gone at once', async () => {
    const discovery = new FakeDiscovery([]);
    connect(discovery, { transport });
    discovery.publish([], [{ id: 'ghost', service: 'echo', address: '127.0.0.1:1', metadata: {} }]);
    expect(discovery.forgotten).toEqual(['ghost']);
  });

  test('ready waits for the first connection, whoever comes first', async () => {
    const discovery = new FakeDiscovery([]);
    const { channel } = connect(discovery, { transport });
    let isReady = false;
    const ready = channel.ready().then(() => (isReady = true));
    discovery.publish([{ id: 'early', service: 'echo', address: '127.0.0.1:1', metadata: {} }]);
    await expect(channel.ready(AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(isReady).toBe(false);
    const { instance } = await startEcho();
    discovery.publish([instance]);
    await ready;
  });

  test('closing a channel ends its streams', async () => {
    const started = Promise.withResolvers<undefined>();
    const { instance } = await startEcho({
      async *count(_, { signal }) {
        started.resolve(undefined);
        yield await new Promise<never>((_resolve, reject) => (signal.onabort = () => reject(new Error('over'))));
      },
    });
    const { client, channel } = connect([instance], { transport });
    const reading = failure(client.count(request())[Symbol.asyncIterator]().next());
    await started.promise;
    await channel.close();
    expect(await reading).toMatchObject({ code: 'CANCELLED' });
  });

  test('a closed channel refuses calls, after it finished those under way', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { instance } = await startEcho({
      add: async () => {
        await gate.promise;
        return response({ text: 'done' });
      },
    });
    const { client, channel } = connect([instance], { transport });
    const call = client.add(request());
    await client.echo(request());
    const closing = channel.close();
    expect(await failure(client.echo(request()))).toMatchObject({ code: 'UNAVAILABLE', reason: 'CHANNEL_CLOSED' });
    gate.resolve(undefined);
    expect(await call).toMatchObject({ text: 'done' });
    await closing;
  });
});
