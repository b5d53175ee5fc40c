import { AppError } from '@stampede/errors';
import { silentLogger } from '@stampede/telemetry';
import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import type { Instance } from '../discovery.ts';
import { FakeDiscovery } from '../specs/fake-discovery.ts';
import type { Endpoint } from './endpoint.ts';
import { outcomeOf } from './outcome.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { TransportFactory, TransportState } from './transport.ts';

const instance = (id: string): Instance => ({ id, service: 's', address: `${id}:1`, metadata: {} });

function setup(options: Partial<PoolOptions> = {}, listed?: readonly Instance[]) {
  const clock = fakeClock();
  const discovery = new FakeDiscovery(listed);
  const transports = new Map<string, { state: TransportState; move(state: TransportState): void; closed: boolean }>();
  const createTransport: TransportFactory = ({ id }, changed) => {
    const transport = {
      state: 'idle' as TransportState,
      closed: false,
      serving: true,
      move(state: TransportState) {
        transport.state = state;
        changed(state);
      },
      connect: () => (transport.state = 'connecting'),
      unary: () => {
        throw new Error('not in this spec');
      },
      stream: () => {
        throw new Error('not in this spec');
      },
      isAlive: () => Promise.resolve(true),
      close: () => (transport.closed = true),
    };
    transports.set(id, transport);
    return transport;
  };
  const pool = new Pool({
    service: 's',
    discovery,
    createTransport,
    maxInFlight: 2,
    maxQueued: 100,
    maxConnections: 3,
    silenceMs: 250,
    log: silentLogger(),
    clock,
    random: Math.random,
    ...options,
  });
  const seek = { streaming: false, deadline: clock.now() + 1_000, signal: undefined };
  const acquire = async () => Promise.resolve(pool.acquire(seek, undefined));
  const at = (id: string) => transports.get(id)!;
  return { clock, discovery, transports, pool, acquire, at, seek };
}

test('connects to a few of many, and to others where those cannot be reached', () => {
  const { transports, at } = setup({}, ['a', 'b', 'c', 'd', 'e'].map(instance));
  const connecting = () => [...transports].filter(([, { state }]) => state === 'connecting').map(([id]) => id);
  const [one, two, three] = connecting() as [string, string, string];
  expect(connecting()).toHaveLength(3);
  at(two).move('failed');
  const [fourth] = connecting().filter((id) => ![one, two, three].includes(id));
  expect(connecting().sort()).toEqual([one, three, fourth].sort());
  at(one).move('ready');
  expect(connecting().sort()).toEqual([three, fourth].sort());
  at(one).move('idle');
  expect(connecting().sort()).toEqual([one, three, fourth].sort());
});

test('where instances are many, clients connect to different ones, and reach all alike', () => {
  const ids = Array.from({ length: 20 }, (_, index) => `i${index}`);
  const counts = new Map<string, number>();
  for (let n = 0; n < 200; n += 1) {
    const { transports } = setup({ maxConnections: 5 }, ids.map(instance));
    for (const [id, { state }] of transports) if (state === 'connecting') counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  // 50 each is expected, with a standard deviation of 6.
  for (const id of ids) expect(counts.get(id) ?? 0).toBeGreaterThan(20);
});

test('calls of one key meet at one instance', async () => {
  const { pool, seek, at } = setup({ maxInFlight: 100 }, ['a', 'b', 'c'].map(instance));
  for (const id of ['a', 'b', 'c']) at(id).move('ready');
  const ids = new Set<string>();
  for (let n = 0; n < 10; n += 1) {
    const endpoint = await pool.acquire({ ...seek, key: 'tee-black' }, undefined);
    ids.add(endpoint.instance.id);
  }
  expect(ids.size).toBe(1);
});

test('callers wait in order for a connection, then for room', async () => {
  const { acquire, at, pool } = setup({}, [instance('a')]);
  const got: number[] = [];
  const endpoints: Endpoint[] = [];
  const calls = [1, 2, 3, 4].map(async (n) => {
    endpoints.push(await acquire());
    got.push(n);
  });
  at('a').move('ready');
  await Promise.all(calls.slice(0, 2));
  expect(got).toEqual([1, 2]);
  pool.release(endpoints[0]!, false, 1, undefined);
  await calls[2];
  pool.release(endpoints[0]!, false, 1, undefined);
  await calls[3];
  expect(got).toEqual([1, 2, 3, 4]);
});

test('who waits is told at once when the last hope goes', async () => {
  const { acquire, at } = setup({}, [instance('a'), instance('b')]);
  const waiting = [acquire(), acquire()].map(async (call) => call.catch((error: unknown) => error));
  at('a').move('failed');
  at('b').move('failed');
  for (const error of await Promise.all(waiting)) {
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'NO_INSTANCE' });
    expect(outcomeOf(error)).toBe('not-processed');
  }
});

test('who waits is told when its time is up, or when it gave up', async () => {
  const { acquire, pool, seek, clock } = setup({}, [instance('a')]);
  const late = acquire().catch((error: unknown) => error);
  const controller = new AbortController();
  const given = Promise.resolve(pool.acquire({ ...seek, signal: controller.signal }, undefined)).catch(
    (error: unknown) => error,
  );
  controller.abort();
  expect(await given).toMatchObject({ code: 'CANCELLED' });
  await clock.advance(1_000);
  expect(await late).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(clock.pending).toBe(0);
});

test('an instance that refused calls is left alone until it connects anew', async () => {
  const { acquire, at, pool } = setup({}, [instance('a'), instance('b')]);
  at('a').move('ready');
  at('b').move('ready');
  const [first, second] = [await acquire(), await acquire()];
  const a = [first, second].find((endpoint) => endpoint.instance.id === 'a') ?? (await acquire());
  pool.refused(a);
  for (let n = 0; n < 20; n += 1) {
    const endpoint = await acquire();
    expect(endpoint.instance.id).toBe('b');
    pool.release(endpoint, false, 1, undefined);
    if (n === 0) for (const each of [first, second]) pool.release(each, false, 1, undefined);
  }
  at('a').move('idle');
  at('a').move('ready');
  const ids = new Set<string>();
  for (let n = 0; n < 50; n += 1) {
    const endpoint = await acquire();
    ids.add(endpoint.instance.id);
    pool.release(endpoint, false, 1, undefined);
  }
  expect([...ids].sort()).toEqual(['a', 'b']);
});

test('what keeps failing is set aside and tried again later; half of all at most', async () => {
  const { acquire, at, pool, clock } = setup({}, [instance('a'), instance('b')]);
  at('a').move('ready');
  at('b').move('ready');
  const calls = async (count: number, isBad: (id: string) => boolean) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const endpoint = await acquire();
      const { id } = endpoint.instance;
      ids.push(id);
      const error = isBad(id) ? new AppError('UNAVAILABLE', 'DOWN', '') : undefined;
      pool.release(endpoint, false, 1, error);
      await clock.advance(2_000 * Number(error !== undefined && ids.length < 5));
    }
    return ids;
  };
  for (let n = 0; n < 10; n += 1) await calls(20, (id) => id === 'a');
  expect(await calls(50, (id) => id === 'a')).not.toContain('a');
  await clock.advance(40_000);
  expect(await calls(200, () => false)).toContain('a');
  await calls(100, () => true);
  await expect(acquire()).resolves.toBeDefined();
});

test('an instance at another address is another process', () => {
  const { discovery, transports, at } = setup({}, [instance('a')]);
  const before = at('a');
  discovery.publish([{ ...instance('a'), address: 'a:2' }]);
  expect(before.closed).toBe(true);
  expect(at('a')).not.toBe(before);
  expect(transports.size).toBe(1);
});

test('a listener that publishes while it is told does not confuse the pool', async () => {
  const { discovery, acquire, at } = setup({}, [instance('a'), instance('b')]);
  at('b').move('ready');
  discovery.onGone = () => discovery.publish([instance('b')]);
  discovery.publish([instance('b')], [instance('a')]);
  expect(discovery.forgotten).toEqual(['a']);
  expect(at('a').closed).toBe(true);
  expect((await acquire()).instance.id).toBe('b');
});

test('an instance that refused is gone as soon as it fades, though its connection still stands', async () => {
  const { discovery, at, acquire, pool } = setup({}, [instance('a')]);
  at('a').move('ready');
  const endpoint = await acquire();
  pool.refused(endpoint);
  expect(discovery.forgotten).toEqual([]);
  discovery.publish([], [instance('a')]);
  expect(discovery.forgotten).toEqual(['a']);
});
