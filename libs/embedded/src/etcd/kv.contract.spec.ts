import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { bytes, entry, key, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { LEASE, REFUSED, useServer } from './test-support/use-server.ts';

describe.each(serversUnderTest())('Put, DeleteRange and Compact of the $name server', (server) => {
  const { etcd, k, put, values, revision, grant } = useServer(server);

  test('count versions and revisions', async () => {
    const first = await put('a', '1');
    const second = await put('a', '2');
    expect(second).toBe(first + 1);
    const { kvs } = await etcd.range(key(k('a')));
    expect(kvs).toMatchObject([
      { createRevision: String(first), modRevision: String(second), version: '2', lease: '0' },
    ]);
    await etcd.deleteRange(key(k('a')));
    const third = await put('a', '3');
    expect(third).toBe(second + 2);
    expect((await etcd.range(key(k('a')))).kvs).toMatchObject([{ createRevision: String(third), version: '1' }]);
  });

  test('tell the previous version when asked', async () => {
    expect(await etcd.put({ ...entry(k('a'), '1'), prevKv: true })).toMatchObject({ prevKv: null });
    expect(await etcd.put({ ...entry(k('a'), '2'), prevKv: true })).toMatchObject({ prevKv: { value: bytes('1') } });
    expect(await etcd.put(entry(k('a'), '3'))).toMatchObject({ prevKv: null });
    await put('b', '4');
    const gone = await etcd.deleteRange({ ...prefix(k()), prevKv: true });
    expect(gone).toMatchObject({ deleted: '2', prevKvs: [{ value: bytes('3') }, { value: bytes('4') }] });
  });

  test('keep the old value or the old lease when asked', async () => {
    const lease = await grant();
    await put('a', '1', { lease });
    await etcd.put({ key: bytes(k('a')), ignoreValue: true, lease });
    await etcd.put({ ...entry(k('a'), '2'), ignoreLease: true });
    expect((await etcd.range(key(k('a')))).kvs).toMatchObject([{ value: bytes('2'), lease, version: '3' }]);
    await etcd.put({ key: bytes(k('a')), ignoreValue: true });
    expect((await etcd.range(key(k('a')))).kvs).toMatchObject([{ value: bytes('2'), lease: '0' }]);
    await etcd.leaseRevoke({ ID: lease });
    expect(await values(prefix(k()))).toEqual(['a=2']);
  });

  test('refuse what cannot be done', async () => {
    await expect(etcd.put({ value: bytes('1') })).rejects.toMatchObject(REFUSED.emptyKey);
    await expect(etcd.deleteRange({ rangeEnd: Buffer.of(0) })).rejects.toMatchObject(REFUSED.emptyKey);
    await expect(put('a', '1', { lease: LEASE })).rejects.toMatchObject(REFUSED.leaseNotFound);
    await expect(put('a', '1', { ignoreValue: true })).rejects.toMatchObject(REFUSED.valueProvided);
    await expect(put('a', '1', { ignoreLease: true, lease: LEASE })).rejects.toMatchObject(REFUSED.leaseProvided);
    await expect(put('a', '', { ignoreValue: true })).rejects.toMatchObject(REFUSED.keyNotFound);
    await expect(put('a', '1', { ignoreLease: true })).rejects.toMatchObject(REFUSED.keyNotFound);
    await expect(put('a', 'x'.repeat(1.5 * 1024 * 1024 + 1))).rejects.toMatchObject(REFUSED.requestTooLarge);
    await expect(put('a', 'x'.repeat(3 * 1024 * 1024))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await values(prefix(k()))).toEqual([]);
  });

  test('a deletion that finds nothing makes no revision', async () => {
    const before = await revision();
    expect(await etcd.deleteRange(prefix(k()))).toMatchObject({ deleted: '0', header: { revision: String(before) } });
    expect(await revision()).toBe(before);
  });

  test('a deletion of a range is one revision', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, '1');
    const before = await revision();
    const reply = await etcd.deleteRange({ key: bytes(k('a')), rangeEnd: bytes(k('c')) });
    expect(reply).toMatchObject({ deleted: '2', header: { revision: String(before + 1) } });
    expect(await values(prefix(k()))).toEqual(['c=1']);
  });

  test('Compact refuses what is compacted, and the future', async () => {
    await put('a', '1');
    const now = await put('a', '2');
    expect(await etcd.compact({ revision: now })).toMatchObject({ header: { revision: String(now) } });
    await expect(etcd.compact({ revision: now })).rejects.toMatchObject(REFUSED.compacted);
    await expect(etcd.compact({ revision: now - 1 })).rejects.toMatchObject(REFUSED.compacted);
    await expect(etcd.compact({ revision: now + 1 })).rejects.toMatchObject(REFUSED.future);
    expect(await values(prefix(k()))).toEqual(['a=2']);
  });
});
