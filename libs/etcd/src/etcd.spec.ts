import { systemClock } from '@stampede/lifecycle';
import { eventually, useEtcd } from '@stampede/testing';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEtcd, createMemoryEtcd, isEtcdError, type Etcd, type WatchEnd, type WatchEvent } from './index.ts';
import { silent } from './silent-log.ts';

/** The port's promises, kept alike by a server and by the stand-in. */
interface Subject {
  readonly etcd: Etcd;
  compact(): Promise<void>;
  close(): Promise<void>;
}

async function overTheWire(): Promise<Subject> {
  const server = await useEtcd();
  const etcd = connectEtcd({ endpoints: [server.endpoint], log: silent, pageSize: 3 });
  const raw = new Etcd3({ hosts: server.endpoint });
  return {
    etcd,
    async compact() {
      const { revision } = await etcd.list('');
      await raw.kv.compact({ revision });
    },
    async close() {
      raw.close();
      await etcd.close();
      await server.stop();
    },
  };
}

async function inMemory(): Promise<Subject> {
  const server = createMemoryEtcd({ clock: systemClock });
  const etcd = server.connect();
  return {
    etcd,
    compact: async () => server.compact(),
    async close() {
      await etcd.close();
      server.close();
    },
  };
}

/** Opens a watch and keeps what it hears. */
function record(etcd: Etcd, prefix: string, fromRevision: number) {
  const heard: WatchEvent[] = [];
  const ends: WatchEnd[] = [];
  const created = Promise.withResolvers<{ clusterId: string; revision: number }>();
  const watch = etcd.watchPrefix(prefix, fromRevision, {
    onCreated: (at) => created.resolve(at),
    onEvents: (events) => void heard.push(...events),
    onEnded: (end) => void ends.push(end),
  });
  const told = () =>
    heard.map((event) => (event.type === 'put' ? `${event.entry.key}=${event.entry.value}` : `-${event.key}`));
  return { watch, heard, ends, told, created: created.promise };
}

describe.each([
  ['over the wire', overTheWire],
  ['in memory', inMemory],
])('%s', (_, start) => {
  let subject: Subject;
  let etcd: Etcd;
  beforeAll(async () => {
    subject = await start();
    ({ etcd } = subject);
  });
  afterAll(() => subject.close());

  test('a put is read back, with its revisions', async () => {
    const first = await etcd.put('/kv/a', 'one');
    const second = await etcd.put('/kv/a', 'zwölf');
    expect(second).toBe(first + 1);
    expect(await etcd.get('/kv/a')).toEqual({
      key: '/kv/a',
      value: 'zwölf',
      createRevision: first,
      modRevision: second,
      version: 2,
      leaseId: undefined,
    });
    expect(await etcd.get('/kv/missing')).toBeUndefined();
  });

  test('delete says whether there was a key', async () => {
    await etcd.put('/delete/a', '1');
    expect(await etcd.delete('/delete/a')).toBe(true);
    expect(await etcd.delete('/delete/a')).toBe(false);
    expect(await etcd.get('/delete/a')).toBeUndefined();
  });

  test('a listing holds every key of the prefix and no other, sorted, across pages', async () => {
    for (const key of ['b', 'a', 'd', 'c', 'g', 'f', 'e']) await etcd.put(`/list/${key}`, key);
    const last = await etcd.put('/listen', 'not in it');
    const listing = await etcd.list('/list/');
    expect(listing.entries.map(({ value }) => value).join('')).toBe('abcdefg');
    expect(listing.revision).toBe(last);
    expect(listing.clusterId).toMatch(/^\d+$/);
    expect((await etcd.list('/list/none')).entries).toEqual([]);
    expect((await etcd.list('')).entries.length).toBeGreaterThan(7);
  });

  test('the first key of a prefix from some key on', async () => {
    for (const key of ['a/1', 'a/2', 'a0', 'b']) await etcd.put(`/first/${key}`, key);
    await etcd.put('/firsu', 'not in it');
    const first = async (from: string, prefix = '/first/') => (await etcd.first(prefix, from))?.value;
    expect(await first('/first/')).toBe('a/1');
    expect(await first('/')).toBe('a/1');
    expect(await first('/first/a/1\0')).toBe('a/2');
    expect(await first('/first/a0')).toBe('a0');
    expect(await first('/first/c')).toBeUndefined();
    expect(await first('/firsu')).toBeUndefined();
    expect(await first('/firsu', '')).toBe('not in it');
  });

  test('putIf writes only on the revision it is told', async () => {
    const created = await etcd.putIf('/txn/a', 0, 'mine');
    expect(created).toBeGreaterThan(0);
    expect(await etcd.putIf('/txn/a', 0, 'theirs')).toBeUndefined();
    expect(await etcd.putIf('/txn/a', created! - 1, 'stale')).toBeUndefined();
    expect(await etcd.putIf('/txn/a', created!, 'mine again')).toBe(created! + 1);
    expect((await etcd.get('/txn/a'))?.value).toBe('mine again');
  });

  test('keys die with their lease, and a key put again without it does not', async () => {
    const lease = await etcd.grantLease(30);
    await etcd.put('/lease/a', '1', { leaseId: lease.id });
    await etcd.put('/lease/b', '2', { leaseId: lease.id });
    await etcd.put('/lease/b', '3');
    expect((await etcd.get('/lease/a'))?.leaseId).toBe(lease.id);
    expect(await etcd.refreshLease(lease.id)).toBe(30);
    await etcd.revokeLease(lease.id);
    await etcd.revokeLease(lease.id);
    expect((await etcd.list('/lease/')).entries.map(({ key }) => key)).toEqual(['/lease/b']);
    const failures = await Promise.allSettled([
      etcd.refreshLease(lease.id),
      etcd.put('/lease/c', '4', { leaseId: lease.id }),
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ status: 'rejected', reason: { reason: 'ETCD_LEASE_NOT_FOUND' } });
    }
  });

  test('a lease that nobody refreshes ends', async () => {
    const lease = await etcd.grantLease(1);
    await etcd.put('/expiry/a', '1', { leaseId: lease.id });
    await eventually(async () => expect(await etcd.get('/expiry/a')).toBeUndefined(), { timeoutMs: 10_000 });
  });

  test('a watch tells what has happened since its revision, and what happens, in order', async () => {
    const from = await etcd.put('/watch/a', '1');
    await etcd.put('/watch/b', '2');
    await etcd.put('/watching', 'not in it');
    const seen = record(etcd, '/watch/', from);
    expect((await seen.created).revision).toBe(from + 2);
    await etcd.delete('/watch/a');
    const lease = await etcd.grantLease(30);
    await etcd.put('/watch/c', '3', { leaseId: lease.id });
    await etcd.revokeLease(lease.id);
    await eventually(() =>
      expect(seen.told()).toEqual(['/watch/a=1', '/watch/b=2', '-/watch/a', '/watch/c=3', '-/watch/c']),
    );
    expect(seen.heard[2]).toMatchObject({ type: 'delete', revision: from + 3 });
    seen.watch.cancel();
    await etcd.put('/watch/d', '4');
    await etcd.get('/watch/d');
    expect(seen.told()).toHaveLength(5);
    expect(seen.ends).toEqual([]);
  });

  test('a watch from a revision still to come is silent: only what the server says at first gives it away', async () => {
    const { revision } = await etcd.list('/ahead/');
    const seen = record(etcd, '/ahead/', revision + 100);
    expect((await seen.created).revision).toBe(revision);
    await etcd.put('/ahead/a', '1');
    await etcd.get('/ahead/a');
    expect(seen.told()).toEqual([]);
    seen.watch.cancel();
  });

  test('a watch from a compacted revision ends as compacted', async () => {
    const from = await etcd.put('/compacted/a', '1');
    await etcd.put('/compacted/a', '2');
    await subject.compact();
    const seen = record(etcd, '/compacted/', from);
    await eventually(() => expect(seen.ends).toMatchObject([{ reason: 'compacted' }]));
    expect(seen.told()).toEqual([]);
  });

  test('a closed client refuses', async () => {
    const other = await start();
    await other.close();
    const failure: unknown = await other.etcd.get('/a').catch((error: unknown) => error);
    expect(isEtcdError(failure, 'ETCD_CLOSED')).toBe(true);
  });
});
