import { describe, expect, test, vi } from 'vitest';
import { outcomeOf } from '../index.ts';
import { load, PATIENCE } from './load.ts';
import { all, connect, failure, FakeDiscovery, request, response, startEcho, TRANSPORTS } from './setup.ts';
import { rawClient } from './raw-client.ts';

describe.each(TRANSPORTS)('drain over %s', (_name, transport) => {
  test('under load loses nothing, although no call may be repeated', async () => {
    const first = await startEcho();
    const second = await startEcho();
    const { client, channel } = connect([first.instance, second.instance], { transport });
    await channel.ready();
    const { result, stop } = load(client, 64);
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(300), PATIENCE);
    await first.server.drain();
    const calls = result.calls;
    await vi.waitFor(() => expect(result.calls).toBeGreaterThan(calls + 300), PATIENCE);
    const { errors } = await stop();
    expect(errors).toEqual([]);
  }, 60_000);

  test('of instance after instance, each replaced before the next, loses nothing', async () => {
    const discovery = new FakeDiscovery([]);
    let old = [await startEcho(), await startEcho()];
    discovery.publish(old.map(({ instance }) => instance));
    const { client, channel } = connect(discovery, { transport });
    await channel.ready();
    const { result, stop } = load(client, 32);
    for (let round = 0; round < 6; round += 1) {
      const leaving = old[0]!;
      old = [...old.slice(1), await startEcho()];
      discovery.publish(old.map(({ instance }) => instance));
      const calls = result.calls;
      await leaving.server.drain();
      await vi.waitFor(() => expect(result.calls).toBeGreaterThan(calls + 100), PATIENCE);
    }
    expect((await stop()).errors).toEqual([]);
  }, 90_000);

  test('finishes what is in flight, and refuses what comes after as not processed', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { server, instance } = await startEcho({
      add: async ({ number }) => {
        if (number === 1) await gate.promise;
        return response({ number });
      },
    });
    const { client } = connect([instance], { transport });
    const slow = client.add(request({ number: 1 }));
    await client.add(request({ number: 2 }));
    let drained = false;
    const draining = server.drain().then(() => (drained = true));
    const late = await failure(client.add(request({ number: 3 })));
    expect(late).toMatchObject({ code: 'UNAVAILABLE' });
    expect(outcomeOf(late)).toBe('not-processed');
    expect(drained).toBe(false);
    gate.resolve(undefined);
    expect(await slow).toMatchObject({ number: 1 });
    await draining;
  });

  test('is bounded: what does not finish in time is cut off, its outcome unknown', async () => {
    const { server, instance } = await startEcho({ add: async () => new Promise(() => undefined) });
    const { client } = connect([instance], { transport });
    const stuck = failure(client.add(request(), { deadlineMs: 20_000 }));
    await client.echo(request());
    const before = performance.now();
    await server.drain({ timeoutMs: 100 });
    expect(performance.now() - before).toBeLessThan(2_000);
    const error = await stuck;
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(outcomeOf(error)).toBe('unknown');
  });

  test('lets short streams end by themselves and ends long ones politely', async () => {
    const cleaned = vi.fn();
    const { server, instance } = await startEcho({
      async *count({ number }, { signal }) {
        try {
          for (let n = 1; n <= number; n += 1) {
            yield response({ number: n });
            await new Promise((resolve) => setTimeout(resolve, 5));
            signal.throwIfAborted();
          }
        } finally {
          cleaned();
        }
      },
    });
    const { client } = connect([instance], { transport });
    const short = all(client.count(request({ number: 20 })));
    const long = failure(all(client.count(request({ number: 1_000_000 }))));
    await client.echo(request());
    await server.drain({ streamGraceMs: 2_000 });
    expect(await short).toHaveLength(20);
    expect(await long).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_DRAINED' });
    expect(cleaned).toHaveBeenCalledTimes(2);
  });
});

test('a call on a connection that outlived the start of the drain is refused with a mark', async () => {
  const gate = Promise.withResolvers<undefined>();
  const add = vi.fn(async () => {
    await gate.promise;
    return response();
  });
  const { server, instance } = await startEcho({ add });
  const raw = rawClient(instance.address);
  const slow = raw.unary('Add', request());
  await vi.waitFor(() => expect(add).toHaveBeenCalledOnce());
  const draining = server.drain();
  const late = await raw.unary('Add', request());
  expect(late.code).toBe(14);
  gate.resolve(undefined);
  expect(await slow).toMatchObject({ code: 0 });
  await draining;
  expect(add).toHaveBeenCalledOnce();
});
