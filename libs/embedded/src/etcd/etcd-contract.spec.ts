import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, type EtcdClient, type Stream, type WatchReply } from './test-support/etcd-client.ts';
import { bytes, entry, fromKey, key, opDelete, opPut, opRange, opTxn, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';

const refused = (code: status, details: string) => ({ code, details: `etcdserver: ${details}` });
const COMPACTED = refused(status.OUT_OF_RANGE, 'mvcc: required revision has been compacted');
const FUTURE = refused(status.OUT_OF_RANGE, 'mvcc: required revision is a future revision');
const EMPTY_KEY = refused(status.INVALID_ARGUMENT, 'key is not provided');
const KEY_NOT_FOUND = refused(status.INVALID_ARGUMENT, 'key not found');
const DUPLICATE_KEY = refused(status.INVALID_ARGUMENT, 'duplicate key given in txn request');
const LEASE_NOT_FOUND = refused(status.NOT_FOUND, 'requested lease not found');
/** Above 2^53, as Go clients choose them. */
const LEASE = '7587860000000000001';

const SORT = { none: 0, ascend: 1, descend: 2, byKey: 0, byVersion: 1, byCreate: 2, byMod: 3, byValue: 4 };
const IS = { equal: 0, greater: 1, less: 2, notEqual: 3 };
const OF = { version: 0, create: 1, mod: 2, value: 3, lease: 4 };

describe.each(serversUnderTest())('the etcd API of the $name server', ({ start }) => {
  let server: Awaited<ReturnType<typeof start>>;
  let etcd: EtcdClient;
  let runs = 0;
  /** Every test has keys of its own. */
  let at = '';
  const k = (name: string) => `${at}${name}`;
  const streams: Stream<unknown>[] = [];

  beforeAll(async () => {
    server = await start();
    etcd = connect(server.endpoint);
  });
  afterAll(async () => {
    for (const stream of streams) stream.cancel();
    etcd.close();
    await server.stop();
  });
  beforeEach(() => {
    runs += 1;
    at = `t${String(runs).padStart(4, '0')}/`;
  });

  const put = async (name: string, value: string, more: object = {}) => {
    const { header } = await etcd.put({ ...entry(k(name), value), ...more });
    return Number(header.revision);
  };
  const values = async (request: object) => {
    const { kvs } = await etcd.range(request);
    return kvs.map((kv) => `${kv.key.toString().slice(at.length)}=${kv.value.toString()}`);
  };
  const revision = async () => Number((await etcd.range(key(k('none')))).header.revision);
  const grant = async (ttl = 60, ID = '0') => (await etcd.leaseGrant({ TTL: ttl, ID })).ID;
  const open = () => {
    const stream = etcd.watch();
    streams.push(stream);
    return stream;
  };
  const watch = async (request: object, stream = open()) => {
    stream.send({ createRequest: request });
    const created = await stream.next();
    expect(created).toMatchObject({ created: true, canceled: false, events: [] });
    return { stream, created };
  };
  const told = (reply: WatchReply) =>
    reply.events.map(({ type, kv, prevKv }) => {
      const name = kv.key.toString().slice(at.length);
      const previous = prevKv === null ? '' : ` was ${prevKv.value.toString()}`;
      return Number(type) === 0 ? `put ${name}=${kv.value.toString()}${previous}` : `delete ${name}${previous}`;
    });
  /** The events of the next responses until there are as many as wanted. */
  const events = async (stream: Stream<WatchReply>, count: number) => {
    const all: string[] = [];
    while (all.length < count) all.push(...told(await stream.next()));
    return all;
  };

  describe('Range', () => {
    beforeEach(async () => {
      for (const name of ['b', 'a', 'd', 'c']) await put(name, `v${name}`);
    });

    test('finds a key, a range, a prefix and all from a key on', async () => {
      expect(await values(key(k('b')))).toEqual(['b=vb']);
      expect(await values(key(k('zz')))).toEqual([]);
      expect(await values({ key: bytes(k('a')), rangeEnd: bytes(k('c')) })).toEqual(['a=va', 'b=vb']);
      expect(await values({ key: bytes(k('c')), rangeEnd: bytes(k('a')) })).toEqual([]);
      expect(await values(prefix(at))).toEqual(['a=va', 'b=vb', 'c=vc', 'd=vd']);
      expect(await values(fromKey(k('c')))).toEqual(['c=vc', 'd=vd']);
      const everything = await etcd.range({ key: Buffer.of(0), rangeEnd: Buffer.of(0) });
      expect(everything.kvs.length).toBeGreaterThanOrEqual(4);
      expect(everything.kvs.map((kv) => kv.key)).toEqual(
        everything.kvs.map((kv) => kv.key).sort((a, b) => a.compare(b)),
      );
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
      const limited = await etcd.range({ ...prefix(at), limit: 2 });
      expect(limited).toMatchObject({ more: true, count: '4' });
      expect(limited.kvs).toHaveLength(2);
      expect(await etcd.range({ ...prefix(at), limit: 4 })).toMatchObject({ more: false, count: '4' });
      expect(await etcd.range({ ...prefix(at), countOnly: true })).toMatchObject({ kvs: [], count: '4', more: false });
    });

    test('leaves values out when asked', async () => {
      const { kvs } = await etcd.range({ ...key(k('a')), keysOnly: true });
      expect(kvs).toMatchObject([{ key: bytes(k('a')), value: Buffer.alloc(0), version: '1' }]);
    });

    test('sorts by each target, both ways, before it limits', async () => {
      await put('a', 'z');
      const sorted = async (sortTarget: number, sortOrder: number, limit = 0) =>
        (await values({ ...prefix(at), sortTarget, sortOrder, limit })).map((entry) => entry[0]).join('');
      expect(await sorted(SORT.byKey, SORT.descend)).toBe('dcba');
      expect(await sorted(SORT.byCreate, SORT.ascend)).toBe('badc');
      expect(await sorted(SORT.byMod, SORT.ascend)).toBe('bdca');
      expect(await sorted(SORT.byMod, SORT.none)).toBe('bdca');
      expect(await sorted(SORT.byValue, SORT.descend)).toBe('adcb');
      expect(await sorted(SORT.byVersion, SORT.descend, 1)).toBe('a');
    });

    test('filters by create and mod revision, and counts what it filtered out', async () => {
      const mod = await put('a', 'again');
      const { kvs, count } = await etcd.range({ ...prefix(at), minModRevision: mod });
      expect([kvs.length, count]).toEqual([1, '4']);
      expect(await values({ ...prefix(at), maxModRevision: mod - 4 })).toEqual(['b=vb']);
      expect(await values({ ...prefix(at), maxCreateRevision: mod - 3 })).toEqual(['a=again', 'b=vb']);
      expect(await values({ ...prefix(at), minCreateRevision: mod - 2, limit: 1 })).toEqual(['c=vc']);
    });

    test('reads the past, and refuses the future and what is compacted', async () => {
      const before = await revision();
      await put('a', 'new');
      await etcd.deleteRange(key(k('b')));
      const now = await revision();
      expect(await values({ ...prefix(at), revision: before })).toEqual(['a=va', 'b=vb', 'c=vc', 'd=vd']);
      expect(await etcd.range({ ...key(k('a')), revision: before })).toMatchObject({
        header: { revision: String(now) },
      });
      await expect(etcd.range({ ...key(k('a')), revision: now + 1 })).rejects.toMatchObject(FUTURE);
      await expect(etcd.range({ ...key(k('a')), revision: '9223372036854775807' })).rejects.toMatchObject(FUTURE);
      await etcd.compact({ revision: now });
      await expect(etcd.range({ ...key(k('a')), revision: before })).rejects.toMatchObject(COMPACTED);
      expect(await values({ ...prefix(at), revision: now })).toEqual(['a=new', 'c=vc', 'd=vd']);
    });

    test('refuses an empty key', async () => {
      await expect(etcd.range({ rangeEnd: Buffer.of(0) })).rejects.toMatchObject(EMPTY_KEY);
    });
  });

  describe('Put and DeleteRange', () => {
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
      const gone = await etcd.deleteRange({ ...prefix(at), prevKv: true });
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
      expect(await values(prefix(at))).toEqual(['a=2']);
    });

    test('refuse what cannot be done', async () => {
      await expect(etcd.put({ value: bytes('1') })).rejects.toMatchObject(EMPTY_KEY);
      await expect(etcd.deleteRange({ rangeEnd: Buffer.of(0) })).rejects.toMatchObject(EMPTY_KEY);
      await expect(put('a', '1', { lease: LEASE })).rejects.toMatchObject(LEASE_NOT_FOUND);
      await expect(put('a', '1', { ignoreValue: true })).rejects.toMatchObject(
        refused(status.INVALID_ARGUMENT, 'value is provided'),
      );
      await expect(put('a', '1', { ignoreLease: true, lease: LEASE })).rejects.toMatchObject(
        refused(status.INVALID_ARGUMENT, 'lease is provided'),
      );
      await expect(put('a', '', { ignoreValue: true })).rejects.toMatchObject(KEY_NOT_FOUND);
      await expect(put('a', '1', { ignoreLease: true })).rejects.toMatchObject(KEY_NOT_FOUND);
      await expect(put('a', 'x'.repeat(1.5 * 1024 * 1024 + 1))).rejects.toMatchObject(
        refused(status.INVALID_ARGUMENT, 'request is too large'),
      );
      await expect(put('a', 'x'.repeat(3 * 1024 * 1024))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      expect(await values(prefix(at))).toEqual([]);
    });

    test('a deletion that finds nothing makes no revision', async () => {
      const before = await revision();
      expect(await etcd.deleteRange(prefix(at))).toMatchObject({ deleted: '0', header: { revision: String(before) } });
      expect(await revision()).toBe(before);
    });

    test('a deletion of a range is one revision', async () => {
      for (const name of ['a', 'b', 'c']) await put(name, '1');
      const before = await revision();
      const reply = await etcd.deleteRange({ key: bytes(k('a')), rangeEnd: bytes(k('c')) });
      expect(reply).toMatchObject({ deleted: '2', header: { revision: String(before + 1) } });
      expect(await values(prefix(at))).toEqual(['c=1']);
    });
  });

  describe('Txn', () => {
    const holds = async (...compare: object[]) => (await etcd.txn({ compare })).succeeded;

    test('compares every target with every result', async () => {
      const lease = await grant(60);
      const create = await put('a', 'm', { lease });
      const mod = await put('a', 'm', { lease });
      const targets = [
        { target: OF.version, below: { version: 1 }, same: { version: 2 }, above: { version: 3 } },
        {
          target: OF.create,
          below: { createRevision: create - 1 },
          same: { createRevision: create },
          above: { createRevision: mod },
        },
        { target: OF.mod, below: { modRevision: create }, same: { modRevision: mod }, above: { modRevision: mod + 1 } },
        { target: OF.value, below: { value: bytes('l') }, same: { value: bytes('m') }, above: { value: bytes('ma') } },
        {
          target: OF.lease,
          below: { lease: String(BigInt(lease) - 1n) },
          same: { lease },
          above: { lease: String(BigInt(lease) + 1n) },
        },
      ];
      for (const { target, below, same, above } of targets) {
        for (const [result, expected] of [
          [IS.equal, [false, true, false]],
          [IS.notEqual, [true, false, true]],
          [IS.greater, [true, false, false]],
          [IS.less, [false, false, true]],
        ] as const) {
          const outcomes = [below, same, above].map((operand) => holds({ ...key(k('a')), target, result, ...operand }));
          expect([target, result, ...(await Promise.all(outcomes))]).toEqual([target, result, ...expected]);
        }
      }
    });

    test('takes a missing key as zeros, but no comparison of its value holds', async () => {
      expect(await holds({ ...key(k('a')), target: OF.create, createRevision: 0 })).toBe(true);
      expect(await holds({ ...key(k('a')), target: OF.version, version: 0 })).toBe(true);
      expect(await holds({ ...key(k('a')), target: OF.lease, result: IS.less, lease: 1 })).toBe(true);
      expect(await holds({ ...key(k('a')), target: OF.value, result: IS.notEqual, value: bytes('x') })).toBe(false);
      expect(await holds({ ...key(k('a')), target: OF.value })).toBe(false);
    });

    test('takes an operand of another target as none', async () => {
      await put('a', '');
      expect(await holds({ ...key(k('a')), target: OF.value, version: 7 })).toBe(true);
      expect(await holds({ ...key(k('a')), target: OF.version, result: IS.greater, modRevision: 7 })).toBe(true);
    });

    test('compares all keys of a range', async () => {
      for (const name of ['a', 'b']) await put(name, 'same');
      const same = { ...prefix(at), target: OF.value, value: bytes('same') };
      expect(await holds(same)).toBe(true);
      await put('c', 'other');
      expect(await holds(same)).toBe(false);
      expect(await holds({ ...prefix(k('zz')), target: OF.version, version: 0 })).toBe(true);
    });

    test('does either branch as one revision and reads its own writes', async () => {
      await put('old', '0');
      const before = await revision();
      const reply = await etcd.txn({
        compare: [{ ...key(k('a')), target: OF.version, version: 0 }],
        success: [
          opRange(prefix(at)),
          opPut(entry(k('a'), '1')),
          opRange(prefix(at)),
          opDelete({ ...key(k('old')), prevKv: true }),
          opPut({ ...entry(k('b'), '2'), prevKv: true }),
          opRange({ ...prefix(at), revision: before }),
          opRange({ ...prefix(at), countOnly: true }),
        ],
        failure: [opPut(entry(k('never'), ''))],
      });
      const next = String(before + 1);
      expect(reply).toMatchObject({ succeeded: true, header: { revision: next } });
      expect(reply.responses).toMatchObject([
        { responseRange: { header: { revision: String(before) }, count: '1' } },
        { responsePut: { header: { revision: next }, prevKv: null } },
        { responseRange: { header: { revision: next }, kvs: [{ key: bytes(k('a')), modRevision: next }, {}] } },
        { responseDeleteRange: { deleted: '1', prevKvs: [{ value: bytes('0') }] } },
        { responsePut: { header: { revision: next } } },
        { responseRange: { kvs: [{ key: bytes(k('old')) }] } },
        { responseRange: { count: '2' } },
      ]);
      expect(await revision()).toBe(before + 1);
      const { kvs } = await etcd.range(prefix(at));
      expect(kvs.map((kv) => kv.modRevision)).toEqual([next, next]);
    });

    test('makes no revision when it only reads or changes nothing', async () => {
      await put('a', '1');
      const before = await revision();
      const reply = await etcd.txn({
        compare: [{ ...key(k('a')), target: OF.version, version: 9 }],
        success: [opPut(entry(k('a'), '2'))],
        failure: [opRange(key(k('a'))), opDelete(key(k('none'))), opTxn({ success: [opRange(key(k('a')))] })],
      });
      expect(reply).toMatchObject({ succeeded: false, header: { revision: String(before) } });
      expect(reply.responses[2]).toMatchObject({ responseTxn: { succeeded: true, responses: [{}] } });
      expect(await revision()).toBe(before);
    });

    test('decides nested transactions before anything is written', async () => {
      const unborn = [{ ...key(k('a')), target: OF.version, version: 0 }];
      const reply = await etcd.txn({
        success: [
          opPut(entry(k('a'), '1')),
          opTxn({ compare: unborn, success: [opPut(entry(k('b'), 'yes'))], failure: [opPut(entry(k('b'), 'no'))] }),
          opTxn({ success: [opTxn({ compare: unborn, success: [opPut(entry(k('c'), 'deep'))] })] }),
        ],
      });
      expect(reply.responses).toHaveLength(3);
      expect(await values(prefix(at))).toEqual(['a=1', 'b=yes', 'c=deep']);
      const { kvs } = await etcd.range(prefix(at));
      expect(new Set(kvs.map((kv) => kv.modRevision)).size).toBe(1);
    });

    test('refuses a key that is put twice or put and deleted', async () => {
      const twice = (...success: object[]) => expect(etcd.txn({ success })).rejects.toMatchObject(DUPLICATE_KEY);
      const [a, b] = [opPut(entry(k('a'), '1')), opPut(entry(k('b'), '1'))];
      await twice(a, a);
      await twice(a, opDelete(key(k('a'))));
      await twice(opDelete(prefix(at)), b);
      await twice(a, opTxn({ success: [a] }));
      await twice(opTxn({ success: [a] }), opTxn({ failure: [a] }));
      await twice(opTxn({ success: [opDelete(prefix(at))] }), opTxn({ success: [a] }));
      await etcd.txn({
        success: [opTxn({ success: [a], failure: [a] }), b, opDelete(key(k('c'))), opDelete(key(k('c')))],
      });
      expect(await values(prefix(at))).toEqual(['a=1', 'b=1']);
    });

    test('refuses more than 128 operations, nested ones together', async () => {
      const puts = (count: number) => Array.from({ length: count }, (_, index) => opPut(entry(k(`n${index}`), '')));
      const tooMany = refused(status.INVALID_ARGUMENT, 'too many operations in txn request');
      await etcd.txn({ success: puts(128) });
      await expect(etcd.txn({ success: puts(129) })).rejects.toMatchObject(tooMany);
      await expect(etcd.txn({ failure: puts(129) })).rejects.toMatchObject(tooMany);
      await etcd.txn({ success: [opTxn({ success: puts(127) })] });
      await expect(etcd.txn({ success: [opTxn({ success: puts(128) })] })).rejects.toMatchObject(tooMany);
      expect(await etcd.range({ ...prefix(at), countOnly: true })).toMatchObject({ count: '128' });
    });

    test('writes nothing when the branch taken cannot be done', async () => {
      const before = await revision();
      const first = opPut(entry(k('a'), '1'));
      const fails = (op: object, why: object) => expect(etcd.txn({ success: [first, op] })).rejects.toMatchObject(why);
      await fails(opPut({ ...entry(k('b'), '1'), lease: LEASE }), LEASE_NOT_FOUND);
      await fails(opPut({ key: bytes(k('b')), ignoreValue: true }), KEY_NOT_FOUND);
      await fails(opRange({ ...key(k('b')), revision: before + 9 }), FUTURE);
      await fails(opRange({}), EMPTY_KEY);
      await fails({}, KEY_NOT_FOUND);
      await expect(etcd.txn({ compare: [{ target: OF.version }], success: [first] })).rejects.toMatchObject(EMPTY_KEY);
      expect(await revision()).toBe(before);
      // What is in the other branch does not matter.
      await etcd.txn({ success: [first], failure: [opPut({ ...entry(k('b'), '1'), lease: LEASE })] });
      expect(await revision()).toBe(before + 1);
    });
  });

  test('Compact refuses what is compacted, and the future', async () => {
    await put('a', '1');
    const now = await put('a', '2');
    expect(await etcd.compact({ revision: now })).toMatchObject({ header: { revision: String(now) } });
    await expect(etcd.compact({ revision: now })).rejects.toMatchObject(COMPACTED);
    await expect(etcd.compact({ revision: now - 1 })).rejects.toMatchObject(COMPACTED);
    await expect(etcd.compact({ revision: now + 1 })).rejects.toMatchObject(FUTURE);
    expect(await values(prefix(at))).toEqual(['a=2']);
  });

  describe('Lease', () => {
    test('grants an id of its own or the one wanted, within bounds', async () => {
      const own = await etcd.leaseGrant({ TTL: 30 });
      expect(own.TTL).toBe('30');
      expect(BigInt(own.ID)).toBeGreaterThan(0n);
      expect(await etcd.leaseGrant({ TTL: 30, ID: LEASE })).toMatchObject({ ID: LEASE, TTL: '30' });
      await expect(etcd.leaseGrant({ TTL: 30, ID: LEASE })).rejects.toMatchObject(
        refused(status.FAILED_PRECONDITION, 'lease already exists'),
      );
      await expect(etcd.leaseGrant({ TTL: 9_000_000_001 })).rejects.toMatchObject(
        refused(status.OUT_OF_RANGE, 'too large lease TTL'),
      );
      expect(await etcd.leaseGrant({ TTL: 1 })).toMatchObject({ TTL: '2' });
      expect(await etcd.leaseGrant({ TTL: -5 })).toMatchObject({ TTL: '2' });
      await etcd.leaseRevoke({ ID: LEASE });
      await expect(etcd.leaseRevoke({ ID: LEASE })).rejects.toMatchObject(LEASE_NOT_FOUND);
    });

    test('tells time and keys, and lists', async () => {
      const lease = await grant(1000);
      for (const name of ['b', 'a']) await put(name, '1', { lease });
      const told = await etcd.leaseTimeToLive({ ID: lease, keys: true });
      expect(told).toMatchObject({ ID: lease, grantedTTL: '1000' });
      expect(told.keys.map(String).sort()).toEqual([k('a'), k('b')]);
      expect(Number(told.TTL)).toBeOneOf([999, 1000]);
      expect(await etcd.leaseTimeToLive({ ID: lease })).toMatchObject({ keys: [] });
      expect(await etcd.leaseTimeToLive({ ID: '12345' })).toMatchObject({ ID: '12345', TTL: '-1', grantedTTL: '0' });
      const { leases } = await etcd.leaseLeases();
      expect(leases.map(({ ID }) => ID)).toContain(lease);
      await etcd.leaseRevoke({ ID: lease });
      expect((await etcd.leaseLeases()).leases.map(({ ID }) => ID)).not.toContain(lease);
    });

    test('revokes with all keys, in one revision, in order', async () => {
      const lease = await grant();
      for (const name of ['c', 'a', 'b']) await put(name, '1', { lease });
      const { stream } = await watch(prefix(at));
      const before = await revision();
      const reply = await etcd.leaseRevoke({ ID: lease });
      expect(reply).toMatchObject({ header: { revision: String(before + 1) } });
      expect(told(await stream.next())).toEqual(['delete a', 'delete b', 'delete c']);
      const empty = await grant();
      await etcd.leaseRevoke({ ID: empty });
      expect(await revision()).toBe(before + 1);
    });

    test('lets go of a key that is put without it, under another, or deleted', async () => {
      const [one, other] = [await grant(), await grant()];
      for (const name of ['a', 'b', 'c', 'd']) await put(name, '1', { lease: one });
      await put('a', '2');
      await put('b', '2', { lease: other });
      await etcd.deleteRange(key(k('c')));
      await put('c', '2');
      expect(await etcd.leaseTimeToLive({ ID: one, keys: true })).toMatchObject({ keys: [bytes(k('d'))] });
      await etcd.leaseRevoke({ ID: one });
      expect(await values(prefix(at))).toEqual(['a=2', 'b=2', 'c=2']);
      await etcd.leaseRevoke({ ID: other });
    });

    test('keeps alive many leases over one stream, and answers 0 for an unknown one', async () => {
      const [one, other] = [await grant(20), await grant(30)];
      const stream = etcd.keepAlive();
      for (const ID of [one, '4711', other]) stream.send({ ID });
      expect(await stream.next()).toMatchObject({ ID: one, TTL: '20' });
      expect(await stream.next()).toMatchObject({ ID: '4711', TTL: '0' });
      expect(await stream.next()).toMatchObject({ ID: other, TTL: '30' });
      stream.halfClose();
      await expect(stream.next()).rejects.toThrow('the stream has ended');
    });

    test('expires, and its keys with it', async () => {
      const lease = await grant(2);
      await put('a', '1', { lease });
      const { stream } = await watch({ ...key(k('a')), prevKv: true });
      expect(told(await stream.next())).toEqual(['delete a was 1']);
      expect(await etcd.leaseTimeToLive({ ID: lease })).toMatchObject({ TTL: '-1' });
      expect(await values(prefix(at))).toEqual([]);
    });
  });

  describe('Watch', () => {
    test('tells what changes in its range, each revision in one response', async () => {
      const { stream, created } = await watch(prefix(at));
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
      const { stream } = await watch({ ...prefix(at), startRevision: now + 3 });
      for (const value of ['1', '2', '3', '4']) await put('a', value);
      expect(await events(stream, 2)).toEqual(['put a=3', 'put a=4']);
    });

    test('filters puts or deletions', async () => {
      const stream = open();
      await watch({ ...prefix(at), filters: [0] }, stream);
      await watch({ ...prefix(at), filters: [1] }, stream);
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
      const { stream } = await watch({ ...prefix(at), prevKv: true });
      const first = await put('a', '1');
      await put('a', '2');
      await etcd.deleteRange(key(k('a')));
      await put('a', '3');
      expect(await events(stream, 4)).toEqual(['put a=1', 'put a=2 was 1', 'delete a was 2', 'put a=3']);
      await etcd.compact({ revision: first + 1 });
      const { stream: late } = await watch({ ...prefix(at), prevKv: true, startRevision: first + 1 });
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
      const many = await Promise.all(Array.from({ length: 20 }, () => watch(prefix(at))));
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
      await etcd.deleteRange(prefix(at));
      const whole = await watch({ ...prefix(at), prevKv: true, startRevision: first + 6 });
      const all = await whole.stream.next();
      expect(all.events).toHaveLength(5);
      expect(all.fragment).toBe(false);
      const { stream } = await watch({ ...prefix(at), prevKv: true, fragment: true, startRevision: first + 6 });
      const parts: WatchReply[] = [];
      do parts.push(await stream.next());
      while (parts.at(-1)?.fragment === true);
      expect(parts.length).toBeGreaterThan(1);
      expect(parts.flatMap((part) => part.events.map((event) => event.kv.key.toString().at(-1))).join('')).toBe(
        'abcde',
      );
    });
  });

  test('Status and MemberList name this member', async () => {
    const { header, version, leader } = await etcd.status();
    expect(version).toMatch(/^3\.\d+\.\d+/);
    expect(leader).toBe(header.memberId);
    const { members } = await etcd.memberList();
    expect(members).toMatchObject([{ clientURLs: [server.endpoint] }]);
  });

  test('every answer carries the ids of the cluster and the member', async () => {
    const { header } = await etcd.status();
    const { clusterId, memberId, raftTerm } = header;
    expect(BigInt(clusterId)).toBeGreaterThan(0n);
    const lease = await grant();
    const keepAlive = etcd.keepAlive();
    keepAlive.send({ ID: lease });
    const { created } = await watch(key(k('a')));
    const answers = await Promise.all([
      etcd.range(key(k('a'))),
      etcd.put(entry(k('a'), '1')),
      etcd.deleteRange(key(k('a'))),
      etcd.txn({}),
      etcd.leaseTimeToLive({ ID: lease }),
      etcd.leaseLeases(),
      etcd.memberList(),
      keepAlive.next(),
    ]);
    for (const answer of [...answers, created]) expect(answer.header).toMatchObject({ clusterId, memberId, raftTerm });
    keepAlive.cancel();
  });

  test('takes 200 puts at once, each its own revision', async () => {
    const revisions = await Promise.all(Array.from({ length: 200 }, (_, index) => put(`p${index}`, '1')));
    expect(new Set(revisions).size).toBe(200);
    await vi.waitFor(async () =>
      expect(await etcd.range({ ...prefix(at), countOnly: true })).toMatchObject({ count: '200' }),
    );
  });

  test('answers UNIMPLEMENTED to what is not there', async () => {
    await expect(etcd.call('/etcdserverpb.KV/Nothing')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});
