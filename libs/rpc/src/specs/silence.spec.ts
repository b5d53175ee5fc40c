import { tcpLink } from '@stampede/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Instance } from '../index.ts';
import { connect, failure, request, response, startEcho, TRANSPORTS, type EchoHandlers } from './setup.ts';

/** An echo server behind a wire that can be frozen, as its process could be; and how many calls reached it. */
async function linked(handlers: Partial<EchoHandlers> = {}) {
  const calls = { count: 0 };
  const counted = async () => {
    calls.count += 1;
    return Promise.resolve(response());
  };
  const { instance } = await startEcho({ put: counted, add: counted, ...handlers });
  const [host = '', port] = instance.address.split(':');
  const link = await tcpLink({ target: () => ({ host, port: Number(port) }) });
  onTestFinished(() => link.close());
  const through: Instance = { ...instance, address: `127.0.0.1:${link.port}` };
  return { instance: through, link, calls };
}

describe.each(TRANSPORTS)('silence over %s', (_name, transport) => {
  test('calls that wait at a frozen instance are answered by another, and further ones do not go there', async () => {
    const [frozen, lively] = [await linked(), await linked()];
    const { client, channel } = connect([frozen.instance, lively.instance], { transport });
    await channel.ready();
    await vi.waitFor(async () => {
      await client.put(request());
      expect(frozen.calls.count * lively.calls.count).toBeGreaterThan(0);
    });
    frozen.link.freeze();
    const before = performance.now();
    await Promise.all(Array.from({ length: 40 }, () => client.put(request())));
    // Promised is half a second; the default deadline is 25 s.
    expect(performance.now() - before).toBeLessThan(3_000);
    const after = performance.now();
    await Promise.all(Array.from({ length: 100 }, () => client.add(request())));
    expect(performance.now() - after).toBeLessThan(3_000);
  });

  test('a call that must not be repeated waits for its answer', async () => {
    const [frozen, lively] = [await linked(), await linked()];
    const { client, discovery } = connect([frozen.instance], { transport });
    await client.add(request());
    frozen.link.freeze();
    const { count } = frozen.calls;
    const call = client.add(request());
    discovery.publish([frozen.instance, lively.instance]);
    await client.put(request(), { deadlineMs: 5_000 });
    frozen.link.thaw();
    await call;
    expect(frozen.calls.count).toBeGreaterThan(count);
    expect(lively.calls.count).toBeLessThanOrEqual(1);
  });

  test('where there is no other, a call waits on and is answered when the instance wakes; then it is used as before', async () => {
    const frozen = await linked();
    const { client, channel } = connect([frozen.instance], { transport });
    await channel.ready();
    frozen.link.freeze();
    let answered = false;
    const call = client.put(request()).then(() => (answered = true));
    expect(await failure(client.put(request(), { deadlineMs: 1_000 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(answered).toBe(false);
    frozen.link.thaw();
    await call;
    await client.add(request());
  });

  test('an instance that wakes is used again', async () => {
    const [frozen, lively] = [await linked(), await linked()];
    const { client, channel } = connect([frozen.instance, lively.instance], { transport });
    await channel.ready();
    frozen.link.freeze();
    await Promise.all(Array.from({ length: 40 }, () => client.put(request())));
    frozen.link.thaw();
    const { count } = frozen.calls;
    await vi.waitFor(
      async () => {
        await client.add(request());
        expect(frozen.calls.count).toBeGreaterThan(count + 20);
      },
      { timeout: 10_000, interval: 5 },
    );
  });

  test('a slow answer is waited for: a handler that takes its time is no silence', async () => {
    const slow = { count: 0 };
    const handlers: Partial<EchoHandlers> = {
      put: async () => {
        slow.count += 1;
        await new Promise((resolve) => setTimeout(resolve, 1_200));
        return response();
      },
    };
    const [one, two] = [await linked(handlers), await linked(handlers)];
    const { client } = connect([one.instance, two.instance], { transport });
    await client.put(request());
    expect(slow.count).toBe(1);
  });
});
