import { describe, expect, test } from 'vitest';
import type { WatchReply } from './test-support/etcd-client.ts';
import { bytes, entry, fromKey, key, opDelete, opPut, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { useServer } from './test-support/use-server.ts';

describe.each(serversUnderTest())('Watch of the $name server', (server) => {
  const { etcd, k, put, revision, open, watch, told, events } = useServer(server);

  test('tells what changes in its range, each revision in one response', async () => {
    const { stream, created } = await watch(prefix(k()));
    expect(created).toMatchObject({ watchId: '0', header: { revision: String(await revision()) } });
    const first = await put('a', '1');
    await etcd.txn({ success: [opPut(entry(k('c'), '3')), opPut(entry(k('b'), '2')), opDelete(key(k('a')))] });
    const responses = [await stream.next(), await stream.next()];
    expect(responses.map(told)).toEqual([['put a=1'], ['put c=3', 'put b=2', 'delete a']]);
    expect(responses.map(({ header }) => Number(header.revision))).toEqual([first, first + 1]);
    const gone = responses[1]?.events[2]?.kv;
    expect(gone).toMatchObject({
      key: bytes(k('a')),
      modRevision: String(first + 1),
      version: '0',
      createRevision: '0',
    });
  });

  test('tells of one key, of a range, of all from a key on, and no others', async () => {
    const stream = open();
    await watch(key(k('b')), stream);
    await watch({ key: bytes(k('b')), rangeEnd: bytes(k('c')) }, stream);
    await watch(fromKey(k('b')), stream);
    for (const name of ['a', 'b', 'b2', 'c']) await put(name, '1');
    const seen: Record<string, string[]> = {};
    for (let count = 0; count < 6; count += 1) {
      const reply = await stream.next();
      (seen[reply.watchId] ??= []).push(...told(reply));
    }
    expect(seen).toEqual({
      0: ['put b=1'],
      1: ['put b=1', 'put b2=1'],
      2: ['put b=1', 'put b2=1', 'put c=1'],
    });
  });

  test('starts in the past and goes on without a gap', async () => {
    const first = await put('a', '1');
    for (const value of ['2', '3']) await put('a', value);
    await etcd.deleteRange(key(k('a')));
    const { stream } = await watch({ ...key(k('a')), startRevision: first + 1 });
    await put('a', '5');
    expect(await events(stream, 4)).toEqual(['put a=2', 'put a=3', 'delete a', 'put a=5']);
  });

  test('starts in the future and waits for it', async () => {
    const now = await revision();
    const { stream } = await watch({ ...prefix(k()), startRevision: now + 3 });
    for (const value of ['1', '2', '3', '4']) await put('a', value);
    expect(await events(stream, 2)).toEqual(['put a=3', 'put a=4']);
  });

  test('filters puts or deletions', async () => {
    const stream = open();
    await watch({ ...prefix(k()), filters: [0] }, stream);
    await watch({ ...prefix(k()), filters: [1] }, stream);
    await put('a', '1');
    await etcd.deleteRange(key(k('a')));
    const replies = [await stream.next(), await stream.next()];
    const seen = replies.map((reply) => [reply.watchId, ...told(reply)]);
    expect(seen.sort()).toEqual([
      ['0', 'delete a'],
      ['1', 'put a=1'],
    ]);
  });

  test('tells previous versions when asked, while they are kept', async () => {
    const { stream } = await watch({ ...prefix(k()), prevKv: true });
    const first = await put('a', '1');
    await put('a', '2');
    await etcd.deleteRange(key(k('a')));
    await put('a', '3');
    expect(await events(stream, 4)).toEqual(['put a=1', 'put a=2 was 1', 'delete a was 2', 'put a=3']);
    await etcd.compact({ revision: first + 1 });
    const { stream: late } = await watch({ ...prefix(k()), prevKv: true, startRevision: first + 1 });
    expect(await events(late, 3)).toEqual(['put a=2', 'delete a was 2', 'put a=3']);
  });

  test('is cancelled with the compacted revision when it starts before that', async () => {
    const first = await put('a', '1');
    const now = await put('a', '2');
    await etcd.compact({ revision: now });
    const { stream, created } = await watch({ ...key(k('a')), startRevision: first });
    expect(await stream.next()).toMatchObject({
      watchId: created.watchId,
      canceled: true,
      compactRevision: String(now),
      events: [],
    });
    const { stream: other } = await watch({ ...key(k('a')), startRevision: now });
    expect(await events(other, 1)).toEqual(['put a=2']);
  });

  test('goes by the id that the client gives, once a stream', async () => {
    const stream = open();
    const id = '9007199254740993';
    expect(await watch({ ...key(k('a')), watchId: id }, stream)).toMatchObject({ created: { watchId: id } });
    stream.send({ createRequest: { ...key(k('a')), watchId: id } });
    expect(await stream.next()).toMatchObject({
      watchId: '-1',
      created: true,
      canceled: true,
      cancelReason: 'mvcc: duplicate watch ID provided on the WatchStream',
    });
    expect(await watch({ ...key(k('a')), watchId: 1 }, stream)).toMatchObject({ created: { watchId: '1' } });
    expect(await watch(key(k('a')), stream)).toMatchObject({ created: { watchId: '0' } });
    expect(await watch(key(k('a')), stream)).toMatchObject({ created: { watchId: '2' } });
  });

  test('refuses a range that ends before it begins', async () => {
    const stream = open();
    stream.send({ createRequest: { key: bytes(k('b')), rangeEnd: bytes(k('a')) } });
    const reply = await stream.next();
    expect(reply).toMatchObject({ watchId: '-1', created: true, canceled: true });
    expect(reply.cancelReason).toBe('mvcc: watcher range is empty');
  });

  test('ends when cancelled, the other watches of the stream do not', async () => {
    const stream = open();
    await watch(key(k('a')), stream);
    await watch(key(k('a')), stream);
    stream.send({ cancelRequest: { watchId: 7 } });
    stream.send({ cancelRequest: { watchId: 0 } });
    expect(await stream.next()).toMatchObject({ watchId: '0', canceled: true, created: false });
    await put('a', '1');
    await put('a', '2');
    expect([await stream.next(), await stream.next()].map((reply) => [reply.watchId, ...told(reply)])).toEqual([
      ['1', 'put a=1'],
      ['1', 'put a=2'],
    ]);
  });

  test('says how far it came when asked', async () => {
    const { stream } = await watch(key(k('a')));
    const now = await put('b', '1');
    stream.send({ progressRequest: {} });
    expect(await stream.next()).toMatchObject({ watchId: '-1', events: [], header: { revision: String(now) } });
  });

  test('goes on for a client that has sent its last request', async () => {
    const { stream } = await watch(key(k('a')));
    stream.halfClose();
    await put('a', '1');
    expect(await events(stream, 1)).toEqual(['put a=1']);
  });

  test('takes the same events to many watches of many streams', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => watch(prefix(k()))));
    for (let value = 0; value < 50; value += 1) await put(`k${value % 7}`, String(value));
    for (const { stream } of many) {
      const seen = await events(stream, 50);
      expect(seen).toEqual(Array.from({ length: 50 }, (_, value) => `put k${value % 7}=${value}`));
    }
  });

  test('fragments a large revision only where the watch allows it, and never splits one otherwise', async () => {
    const first = await revision();
    const large = 'x'.repeat(600_000);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name, large);
    await etcd.deleteRange(prefix(k()));
    const whole = await watch({ ...prefix(k()), prevKv: true, startRevision: first + 6 });
    const all = await whole.stream.next();
    expect(all.events).toHaveLength(5);
    expect(all.fragment).toBe(false);
    const { stream } = await watch({ ...prefix(k()), prevKv: true, fragment: true, startRevision: first + 6 });
    const parts: WatchReply[] = [];
    do parts.push(await stream.next());
    while (parts.at(-1)?.fragment === true);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.flatMap((part) => part.events.map((event) => event.kv.key.toString().at(-1))).join('')).toBe('abcde');
  });
});
