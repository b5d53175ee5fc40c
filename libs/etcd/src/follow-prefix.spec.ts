import { fc, test as prop } from '@fast-check/vitest';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { createMemoryEtcd, followPrefix, type Changes, type Entry, type Listing, type WatchHandlers } from './index.ts';
import { silent } from './silent-log.ts';

function setup({ relistMs = 60_000 } = {}) {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  const writer = server.connect();
  const reader = server.connect();
  const log = { ...silent, warn: vi.fn(), info: vi.fn(), error: vi.fn() };
  const told: Changes[] = [];
  /** The keys as somebody knows them who applies every change. */
  const view = new Map<string, string>();
  const follower = followPrefix({
    etcd: reader,
    prefix: '/f/',
    onChanges(changes) {
      told.push(changes);
      for (const key of changes.deletes) {
        expect(view.has(key)).toBe(true);
        view.delete(key);
      }
      for (const { key, value } of changes.puts) view.set(key, value);
    },
    clock,
    random: () => 0.5,
    log,
    relistMs,
  });
  return { clock, server, writer, reader, log, told, view, follower };
}

test('it tells what is there first, be it nothing, then each change at once', async () => {
  const { clock, writer, told, view, follower } = setup();
  await clock.advance(0);
  expect(told).toEqual([{ puts: [], deletes: [], reset: false }]);
  await writer.put('/f/a', '1');
  await writer.put('/f/b', '2');
  await writer.put('/g/c', '3');
  await writer.delete('/f/a');
  await clock.advance(0);
  expect(told).toHaveLength(4);
  expect([...view]).toEqual([['/f/b', '2']]);
  follower.close();
  await writer.put('/f/c', '4');
  await clock.advance(100_000);
  expect(told).toHaveLength(4);
  expect(clock.pending).toBe(0);
});

test('it ends with its client', async () => {
  const { clock, reader, log } = setup();
  await clock.advance(0);
  await reader.close();
  await clock.advance(100_000);
  expect(clock.pending).toBe(0);
  expect(log.warn).not.toHaveBeenCalled();
});

test('while etcd is away nothing is told; afterwards what has changed, and only that', async () => {
  const { clock, server, writer, reader, log, told, view } = setup();
  await clock.advance(0);
  await writer.put('/f/a', '1');
  await writer.put('/f/b', '2');
  await clock.advance(0);
  told.length = 0;
  reader.cut();
  await writer.put('/f/c', '3');
  await writer.delete('/f/a');
  await clock.advance(50_000);
  expect(told).toHaveLength(0);
  expect(log.warn).toHaveBeenCalledTimes(1);
  reader.heal();
  await clock.advance(2_500);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ puts: [{ key: '/f/c' }], deletes: ['/f/a'], reset: false });
  server.stop();
  server.start();
  await clock.advance(5_000);
  expect(told).toHaveLength(1);
  expect([...view.keys()]).toEqual(['/f/b', '/f/c']);
});

test('compaction while the watch is down: nothing is missed', async () => {
  const { clock, server, writer, reader, view } = setup();
  await writer.put('/f/a', '1');
  await clock.advance(0);
  reader.cut();
  await writer.delete('/f/a');
  await writer.put('/f/b', '2');
  server.compact();
  reader.heal();
  await clock.advance(2_500);
  expect([...view]).toEqual([['/f/b', '2']]);
  await writer.put('/f/c', '3');
  await clock.advance(0);
  expect(view.get('/f/c')).toBe('3');
});

test('a watch that goes silent is found out by the next listing, and replaced', async () => {
  const { clock, server, writer, reader, view } = setup();
  await clock.advance(0);
  server.muteWatches(true);
  await writer.put('/f/a', '1');
  server.muteWatches(false);
  await clock.advance(50_000);
  expect(view.size).toBe(0);
  const watchPrefix = vi.spyOn(reader, 'watchPrefix');
  await clock.advance(15_000);
  expect([...view]).toEqual([['/f/a', '1']]);
  expect(watchPrefix).toHaveBeenCalledTimes(1);
});

test('another cluster is told as a reset, with all that it holds', async () => {
  const { clock, server, writer, told, view } = setup();
  await writer.put('/f/a', '1');
  await writer.put('/f/b', '2');
  await clock.advance(0);
  server.stop();
  server.start('empty');
  await server.connect().put('/f/a', '1');
  await clock.advance(5_000);
  expect(told.at(-1)).toMatchObject({ puts: [{ key: '/f/a' }], deletes: ['/f/b'], reset: true });
  expect([...view]).toEqual([['/f/a', '1']]);
});

test('a backup that came back is told as a reset: it holds less, at a lower revision of the same cluster', async () => {
  const { clock, server, writer, told, view } = setup();
  await writer.put('/f/a', '1');
  server.backUp();
  await writer.put('/f/b', '2');
  await clock.advance(0);
  server.stop();
  server.start('restored');
  await clock.advance(5_000);
  expect(told.at(-1)).toMatchObject({ puts: [{ key: '/f/a' }], deletes: ['/f/b'], reset: true });
  await writer.put('/f/c', '3');
  await clock.advance(0);
  expect([...view.keys()]).toEqual(['/f/a', '/f/c']);
});

test('a server that answers from another cluster between the listing and the watch is noticed', async () => {
  const { clock, server, writer, reader, view } = setup();
  await clock.advance(0);
  await writer.put('/f/a', '1');
  const list = reader.list.bind(reader);
  const listed = vi.spyOn(reader, 'list').mockImplementationOnce(async (prefix) => {
    const listing = await list(prefix);
    server.stop();
    server.start('empty');
    return listing;
  });
  reader.cut();
  reader.heal();
  await clock.advance(1_000);
  expect(listed).toHaveBeenCalledTimes(2);
  await server.connect().put('/f/b', '2');
  await clock.advance(1_000);
  expect([...view]).toEqual([['/f/b', '2']]);
});

test('what the watch says while a listing is under way is newer than the listing', async () => {
  const { clock, writer, reader, told, view } = setup({ relistMs: 10_000 });
  await writer.put('/f/a', 'old');
  await writer.put('/f/b', 'old');
  await clock.advance(0);
  const list = reader.list.bind(reader);
  vi.spyOn(reader, 'list').mockImplementationOnce(async (prefix) => {
    const listing = await list(prefix);
    await writer.put('/f/a', 'new');
    await writer.delete('/f/b');
    await clock.sleep(1_000);
    return listing;
  });
  await clock.advance(10_000);
  expect([...view]).toEqual([['/f/a', 'new']]);
  const before = told.length;
  await clock.advance(1_000);
  expect([...view]).toEqual([['/f/a', 'new']]);
  expect(told).toHaveLength(before);
});

/** A follower on a port that does as the test says. */
function scripted(listings: readonly Listing[]) {
  const clock = fakeClock();
  const left = [...listings];
  const told: Changes[] = [];
  const watches: { from: number; handlers: WatchHandlers; cancel: () => void }[] = [];
  const list = vi.fn(async () => (left.length > 1 ? left.shift()! : left[0]!));
  followPrefix({
    etcd: {
      list,
      watchPrefix(_, from, handlers) {
        const cancel = vi.fn();
        watches.push({ from, handlers, cancel });
        return { cancel };
      },
    },
    prefix: '/f/',
    onChanges: (changes) => told.push(changes),
    clock,
    random: () => 0.5,
    log: silent,
  });
  return { clock, told, watches, list };
}

const entry = (key: string, modRevision: number): Entry => ({
  key,
  value: `${modRevision}`,
  createRevision: modRevision,
  modRevision,
  version: 1,
  leaseId: undefined,
});

test('a watch that is created by another cluster, however far it is, is given up and all is listed again', async () => {
  const { clock, watches, list } = scripted([{ clusterId: 'a', revision: 7, entries: [] }]);
  await clock.advance(0);
  watches[0]!.handlers.onCreated?.({ clusterId: 'b', revision: 70 });
  await clock.advance(200);
  expect(watches[0]!.cancel).toHaveBeenCalled();
  expect(list).toHaveBeenCalledTimes(2);
  expect(watches).toHaveLength(2);
});

test('a watch on a server that has not come as far as we have would be silent: given up, too', async () => {
  const { clock, watches, list } = scripted([{ clusterId: 'a', revision: 7, entries: [] }]);
  await clock.advance(0);
  watches[0]!.handlers.onCreated?.({ clusterId: 'a', revision: 6 });
  await clock.advance(200);
  expect(list).toHaveBeenCalledTimes(2);
  watches[1]!.handlers.onCreated?.({ clusterId: 'a', revision: 7 });
  await clock.advance(10_000);
  expect(watches).toHaveLength(2);
});

test('a lower revision of the same cluster is another history, even where revisions look alike', async () => {
  const { clock, told, watches } = scripted([
    { clusterId: 'a', revision: 7, entries: [entry('/f/x', 5), entry('/f/y', 7)] },
    { clusterId: 'a', revision: 6, entries: [entry('/f/x', 5)] },
  ]);
  await clock.advance(0);
  watches[0]!.handlers.onEnded({ reason: 'disconnected', message: '' });
  await clock.advance(200);
  expect(told[1]).toEqual({ puts: [entry('/f/x', 5)], deletes: ['/f/y'], reset: true });
  expect(watches[1]!.from).toBe(7);
});

test('another value at the same revision, of a backup that has gone on as far, is told', async () => {
  const other = { ...entry('/f/x', 7), value: 'other' };
  const { clock, told, watches } = scripted([
    { clusterId: 'a', revision: 7, entries: [entry('/f/x', 7), entry('/f/y', 5)] },
    { clusterId: 'a', revision: 8, entries: [other, entry('/f/y', 5)] },
  ]);
  await clock.advance(0);
  watches[0]!.handlers.onEnded({ reason: 'disconnected', message: '' });
  await clock.advance(200);
  expect(told[1]).toEqual({ puts: [other], deletes: [], reset: false });
});

test('events that were told before are not told again', async () => {
  const { clock, told, watches } = scripted([{ clusterId: 'a', revision: 7, entries: [entry('/f/x', 7)] }]);
  await clock.advance(0);
  const { handlers } = watches[0]!;
  handlers.onEvents([
    { type: 'put', entry: entry('/f/x', 6) },
    { type: 'delete', key: '/f/x', revision: 5 },
  ]);
  expect(told).toHaveLength(1);
  handlers.onEvents([{ type: 'put', entry: entry('/f/x', 8) }]);
  handlers.onEvents([{ type: 'put', entry: entry('/f/x', 8) }]);
  expect(told).toHaveLength(2);
});

test('watches that end again and again are asked for ever more slowly, up to every two seconds', async () => {
  const { clock, watches, list } = scripted([{ clusterId: 'a', revision: 7, entries: [] }]);
  await clock.advance(0);
  for (let time = 0; time < 60; time += 1) {
    watches.at(-1)!.handlers.onEnded({ reason: 'error', message: 'refused' });
    await clock.advance(500);
  }
  expect(list.mock.calls.length).toBeLessThan(30);
  expect(list.mock.calls.length).toBeGreaterThan(10);
});

test('a listener that throws is logged and told of the next change', async () => {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  const etcd = server.connect();
  const log = { ...silent, error: vi.fn() };
  const onChanges = vi.fn(() => {
    throw new Error('broken');
  });
  followPrefix({ etcd, prefix: '/f/', onChanges, clock, random: Math.random, log });
  await clock.advance(0);
  await etcd.put('/f/a', '1');
  await clock.advance(0);
  expect(onChanges).toHaveBeenCalledTimes(2);
  expect(log.error).toHaveBeenCalledTimes(2);
});

const step = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key: fc.constantFrom('/f/a', '/f/b', '/f/c') }),
  fc.record({ op: fc.constant('delete' as const), key: fc.constantFrom('/f/a', '/f/b', '/f/c') }),
  fc.record({
    op: fc.constantFrom('cut', 'heal', 'compact', 'stop', 'start', 'empty', 'backup', 'restored', 'mute', 'unmute'),
  }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(0, 10, 300, 5_000) }),
);

prop.prop([fc.array(step, { maxLength: 40, size: 'max' }), fc.array(fc.nat(400), { minLength: 1, maxLength: 20 })], {
  numRuns: 1_000,
})('whatever happens, once it is quiet the view is what the server holds', async (steps, delays) => {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  let turn = 0;
  const delay = () => delays[turn++ % delays.length]!;
  const reader = server.connect({ fate: () => ({ requestMs: delay(), replyMs: delay() }) });
  const view = new Map<string, string>();
  const follower = followPrefix({
    etcd: reader,
    prefix: '/f/',
    onChanges({ puts, deletes }) {
      for (const key of deletes) view.delete(key);
      for (const { key, value } of puts) view.set(key, value);
    },
    clock,
    random: () => 0.5,
    log: silent,
    relistMs: 20_000,
  });
  for (const [index, each] of steps.entries()) {
    if (each.op === 'put') server.store.put(each.key, `${index}`);
    else if (each.op === 'delete') server.store.delete(each.key);
    else if (each.op === 'wait') await clock.advance(each.ms);
    else if (each.op === 'cut') reader.cut();
    else if (each.op === 'heal') reader.heal();
    else if (each.op === 'compact') server.compact();
    else if (each.op === 'stop') server.stop();
    else if (each.op === 'start') server.start();
    else if (each.op === 'empty' || each.op === 'restored') server.start(each.op);
    else if (each.op === 'backup') server.backUp();
    else server.muteWatches(each.op === 'mute');
  }
  server.muteWatches(false);
  server.start();
  reader.heal();
  await clock.advance(60_000);
  const held = server.store.list('/f/').entries.map(({ key, value }) => [key, value]);
  expect([...view].sort()).toEqual(held);
  follower.close();
  server.close();
});
