import { createMemoryEtcd } from '@stampede/etcd';
import type { InstanceSet } from '@stampede/rpc';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { createWatcher, grpcNaming } from './index.ts';
import { silent } from './silent-log.ts';

const LEASE_MS = 10_000;

function setup() {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  const link = server.connect();
  const log = { ...silent, warn: vi.fn(), error: vi.fn() };
  const watcher = createWatcher({ etcd: link, log, clock, random: () => 0.5 });
  const put = (id: string, service = 'inventory', address = `10.0.0.1:${1000 + Number(id)}`) =>
    server.store.put(grpcNaming.key(service, id), grpcNaming.value({ id, service, address, metadata: {} }));
  const drop = (id: string, service = 'inventory') => server.store.delete(grpcNaming.key(service, id));
  const sets: string[] = [];
  const show = ({ listed, fading }: InstanceSet) =>
    `${listed.map(({ id }) => id).join(' ')}|${fading.map(({ id }) => id).join(' ')}`;
  const watch = (service = 'inventory') => watcher.watch(service, (set) => sets.push(show(set)));
  const quiet = () => clock.advance(3_000);
  return { clock, server, link, log, watcher, put, drop, sets, watch, quiet, show };
}

test('a listener hears nothing until something is known, then the set, then each change', async () => {
  const { clock, put, drop, sets, watch } = setup();
  put('1');
  watch();
  watch('payment');
  expect(sets).toEqual([]);
  await clock.advance(0);
  expect(sets).toEqual(['1|', '|']);
  put('2');
  await clock.advance(0);
  drop('1');
  await clock.advance(0);
  expect(sets.slice(2)).toEqual(['1 2|', '2|']);
});

test('a late listener hears the set at once; one that has ended hears nothing; one that throws harms nobody', async () => {
  const { clock, put, sets, watch, watcher, log } = setup();
  await clock.advance(0);
  const end = watch();
  watcher.watch('inventory', () => {
    throw new Error('broken');
  });
  watch();
  expect(sets).toEqual(['|', '|']);
  end();
  put('1');
  await clock.advance(0);
  expect(sets).toEqual(['|', '|', '1|']);
  expect(log.error).toHaveBeenCalledTimes(2);
  await watcher.close();
  put('2');
  await clock.advance(100_000);
  expect(sets).toHaveLength(3);
  expect(clock.pending).toBe(0);
});

test('a listener that answers with gone() leaves nobody with an older set, nor with one told twice', async () => {
  const { clock, put, drop, watcher, watch, sets } = setup();
  put('1');
  await clock.advance(0);
  watcher.watch('inventory', ({ fading }) => {
    for (const { id } of fading) watcher.gone('inventory', id);
  });
  watch();
  drop('1');
  await clock.advance(0);
  expect(sets).toEqual(['1|', '|']);
});

test('one watch serves all services', async () => {
  const { clock, link, put, watch, sets } = setup();
  const watchPrefix = vi.spyOn(link, 'watchPrefix');
  watch('a');
  watch('b');
  await clock.advance(0);
  put('1', 'a');
  put('2', 'b');
  await clock.advance(0);
  expect(watchPrefix).toHaveBeenCalledTimes(1);
  expect(sets).toEqual(['|', '|', '1|', '2|']);
});

test('etcd away for five lease times: nobody vanishes and nobody is told anything', async () => {
  const { clock, server, put, watch, sets, quiet } = setup();
  put('1');
  put('2');
  await clock.advance(0);
  watch();
  server.stop();
  await clock.advance(5 * LEASE_MS);
  expect(sets).toEqual(['1 2|']);
  server.start();
  await quiet();
  expect(sets).toEqual(['1 2|']);
});

test('etcd back empty, as another cluster: all fade until they register again or are seen gone', async () => {
  const { clock, server, put, watch, watcher, sets, quiet } = setup();
  for (const id of ['1', '2', '3']) put(id);
  await clock.advance(0);
  watch();
  server.stop();
  await clock.advance(LEASE_MS);
  server.start('empty');
  await quiet();
  expect(sets.at(-1)).toBe('|1 2 3');
  put('2');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('2|1 3');
  watcher.gone('inventory', '1');
  expect(sets.at(-1)).toBe('2|3');
  put('3');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('2 3|');
});

test('a listed instance is not gone because somebody says so', async () => {
  const { clock, put, watch, watcher, sets } = setup();
  put('1');
  await clock.advance(0);
  watch();
  watcher.gone('inventory', '1');
  watcher.gone('nobody', '1');
  expect(sets).toEqual(['1|']);
});

test('the last instance of a service stays as fading, and ends by gone()', async () => {
  const { clock, put, drop, watch, watcher, sets } = setup();
  put('1');
  await clock.advance(0);
  watch();
  drop('1');
  await clock.advance(10 * LEASE_MS);
  expect(sets.at(-1)).toBe('|1');
  watcher.gone('inventory', '1');
  expect(sets.at(-1)).toBe('|');
});

test('most of a service within one lease time fades, those that left first included', async () => {
  const { clock, put, drop, watch, sets } = setup();
  for (const id of ['1', '2', '3', '4', '5']) put(id);
  await clock.advance(0);
  watch();
  drop('1');
  await clock.advance(4_000);
  drop('2');
  await clock.advance(4_000);
  expect(sets.at(-1)).toBe('3 4 5|');
  drop('3');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('4 5|1 2 3');
  drop('4');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('5|1 2 3 4');
});

test('the same departures over a longer time are departures', async () => {
  const { clock, put, drop, watch, sets } = setup();
  for (const id of ['1', '2', '3', '4', '5']) put(id);
  await clock.advance(0);
  watch();
  for (const id of ['1', '2', '3', '4']) {
    drop(id);
    await clock.advance(LEASE_MS + 1);
  }
  expect(sets.at(-1)).toBe('5|');
});

test('who has come back does not count among those that left', async () => {
  const { clock, put, drop, watch, sets } = setup();
  for (const id of ['1', '2', '3', '4']) put(id);
  await clock.advance(0);
  watch();
  for (const id of ['1', '2', '3']) {
    drop(id);
    await clock.advance(100);
    put(id);
    await clock.advance(100);
  }
  drop('4');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('1 2 3|');
});

test('who was seen gone before most had left does not come back as fading', async () => {
  const { clock, put, drop, watch, watcher, sets } = setup();
  for (const id of ['1', '2', '3']) put(id);
  await clock.advance(0);
  watch();
  drop('1');
  await clock.advance(0);
  watcher.gone('inventory', '1');
  drop('2');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('3|2');
});

test('another instance on the address of a fading one ends it', async () => {
  const { clock, put, drop, watch, sets } = setup();
  put('1', 'inventory', '10.0.0.1:7');
  await clock.advance(0);
  watch();
  drop('1');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('|1');
  put('2', 'inventory', '10.0.0.1:7');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('2|');
});

test('a fading instance that registers again on another address is listed, and fades no more', async () => {
  const { clock, put, drop, watch, sets } = setup();
  put('1', 'inventory', '10.0.0.1:7');
  await clock.advance(0);
  watch();
  drop('1');
  await clock.advance(0);
  put('1', 'inventory', '10.0.0.1:8');
  await clock.advance(0);
  expect(sets.at(-1)).toBe('1|');
});

test('a process and its successor on the same address, seen at once: the successor alone', async () => {
  const { clock, link, put, drop, watch, sets, quiet } = setup();
  put('1', 'inventory', '10.0.0.1:7');
  await clock.advance(0);
  watch();
  link.cut();
  drop('1');
  put('2', 'inventory', '10.0.0.1:7');
  link.heal();
  await quiet();
  expect(sets.at(-1)).toBe('2|');
});

test('compaction while the watcher is cut off: nothing is missed', async () => {
  const { clock, server, link, put, drop, watch, sets, quiet } = setup();
  for (const id of ['1', '2', '3']) put(id);
  await clock.advance(0);
  watch();
  link.cut();
  drop('1');
  put('4');
  server.compact();
  link.heal();
  await quiet();
  expect(sets.at(-1)).toBe('2 3 4|');
});

test('a watch that goes silent is found out by the listing', async () => {
  const { clock, server, put, drop, watch, sets } = setup();
  for (const id of ['1', '2', '3']) put(id);
  await clock.advance(0);
  watch();
  server.muteWatches(true);
  drop('1');
  put('4');
  await clock.advance(80_000);
  expect(sets).toEqual(['1 2 3|', '2 3 4|']);
  put('5');
  await clock.advance(80_000);
  expect(sets.at(-1)).toBe('2 3 4 5|');
});

test('a registration that cannot be read is logged and changes nothing, nor does one that says the same again', async () => {
  const { clock, server, put, watch, sets, log } = setup();
  put('1');
  await clock.advance(0);
  watch();
  server.store.put('/services/inventory/1', 'nonsense');
  server.store.put('/services/inventory/2', '{}');
  put('1');
  await clock.advance(0);
  expect(sets).toEqual(['1|']);
  expect(log.warn).toHaveBeenCalledTimes(2);
});
