import { beforeEach, describe, expect, test } from 'vitest';
import { bytes, fromKey, key, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { REFUSED, useServer } from './test-support/use-server.ts';

const SORT = { none: 0, ascend: 1, descend: 2, byKey: 0, byVersion: 1, byCreate: 2, byMod: 3, byValue: 4 };

describe.each(serversUnderTest())('Range of the $name server', (server) => {
  const { etcd, k, put, values, revision } = useServer(server);

  beforeEach(async () => {
    for (const name of ['b', 'a', 'd', 'c']) await put(name, `v${name}`);
  });

  test('finds a key, a range, a prefix and all from a key on', async () => {
    expect(await values(key(k('b')))).toEqual(['b=vb']);
    expect(await values(key(k('zz')))).toEqual([]);
    expect(await values({ key: bytes(k('a')), rangeEnd: bytes(k('c')) })).toEqual(['a=va', 'b=vb']);
    expect(await values({ key: bytes(k('c')), rangeEnd: bytes(k('a')) })).toEqual([]);
    expect(await values(prefix(k()))).toEqual(['a=va', 'b=vb', 'c=vc', 'd=vd']);
    expect(await values(fromKey(k('c')))).toEqual(['c=vc', 'd=vd']);
    const everything = await etcd.range({ key: Buffer.of(0), rangeEnd: Buffer.of(0) });
    expect(everything.kvs.length).toBeGreaterThanOrEqual(4);
    expect(everything.kvs.map((kv) => kv.key)).toEqual(everything.kvs.map((kv) => kv.key).sort((a, b) => a.compare(b)));
  });

  test('orders keys by their bytes', async () => {
    const names = [
      Buffer.of(0x80),
      Buffer.of(0xff),
      Buffer.of(0),
      Buffer.from('é'),
      Buffer.from('z'),
      Buffer.of(1, 255),
    ];
    for (const name of names) await etcd.put({ key: Buffer.concat([bytes(k('x')), name]), value: name });
    const { kvs } = await etcd.range(prefix(k('x')));
    expect(kvs.map((kv) => kv.value)).toEqual(names.toSorted((a, b) => a.compare(b)));
  });

  test('limits, counts and says whether there is more', async () => {
    const limited = await etcd.range({ ...prefix(k()), limit: 2 });
    expect(limited).toMatchObject({ more: true, count: '4' });
    expect(limited.kvs).toHaveLength(2);
    expect(await etcd.range({ ...prefix(k()), limit: 4 })).toMatchObject({ more: false, count: '4' });
    expect(await etcd.range({ ...prefix(k()), countOnly: true })).toMatchObject({ kvs: [], count: '4', more: false });
  });

  test('leaves values out when asked', async () => {
    const { kvs } = await etcd.range({ ...key(k('a')), keysOnly: true });
    expect(kvs).toMatchObject([{ key: bytes(k('a')), value: Buffer.alloc(0), version: '1' }]);
  });

  test('sorts by each target, both ways, before it limits', async () => {
    await put('a', 'z');
    const sorted = async (sortTarget: number, sortOrder: number, limit = 0) =>
      (await values({ ...prefix(k()), sortTarget, sortOrder, limit })).map((entry) => entry[0]).join('');
    expect(await sorted(SORT.byKey, SORT.descend)).toBe('dcba');
    expect(await sorted(SORT.byCreate, SORT.ascend)).toBe('badc');
    expect(await sorted(SORT.byMod, SORT.ascend)).toBe('bdca');
    expect(await sorted(SORT.byMod, SORT.none)).toBe('bdca');
    expect(await sorted(SORT.byValue, SORT.descend)).toBe('adcb');
    expect(await sorted(SORT.byVersion, SORT.descend, 1)).toBe('a');
  });

  test('filters by create and mod revision, and counts what it filtered out', async () => {
    const mod = await put('a', 'again');
    const { kvs, count } = await etcd.range({ ...prefix(k()), minModRevision: mod });
    expect([kvs.length, count]).toEqual([1, '4']);
    expect(await values({ ...prefix(k()), maxModRevision: mod - 4 })).toEqual(['b=vb']);
    expect(await values({ ...prefix(k()), maxCreateRevision: mod - 3 })).toEqual(['a=again', 'b=vb']);
    expect(await values({ ...prefix(k()), minCreateRevision: mod - 2, limit: 1 })).toEqual(['c=vc']);
  });

  test('reads the past, and refuses the future and what is compacted', async () => {
    const before = await revision();
    await put('a', 'new');
    await etcd.deleteRange(key(k('b')));
    const now = await revision();
    expect(await values({ ...prefix(k()), revision: before })).toEqual(['a=va', 'b=vb', 'c=vc', 'd=vd']);
    expect(await etcd.range({ ...key(k('a')), revision: before })).toMatchObject({
      header: { revision: String(now) },
    });
    await expect(etcd.range({ ...key(k('a')), revision: now + 1 })).rejects.toMatchObject(REFUSED.future);
    await expect(etcd.range({ ...key(k('a')), revision: '9223372036854775807' })).rejects.toMatchObject(REFUSED.future);
    await etcd.compact({ revision: now });
    await expect(etcd.range({ ...key(k('a')), revision: before })).rejects.toMatchObject(REFUSED.compacted);
    expect(await values({ ...prefix(k()), revision: now })).toEqual(['a=new', 'c=vc', 'd=vd']);
  });

  test('refuses an empty key', async () => {
    await expect(etcd.range({ rangeEnd: Buffer.of(0) })).rejects.toMatchObject(REFUSED.emptyKey);
  });
});
