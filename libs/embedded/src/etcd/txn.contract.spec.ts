import { describe, expect, test } from 'vitest';
import { bytes, entry, key, opDelete, opPut, opRange, opTxn, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { LEASE, REFUSED, useServer } from './test-support/use-server.ts';

const IS = { equal: 0, greater: 1, less: 2, notEqual: 3 };
const OF = { version: 0, create: 1, mod: 2, value: 3, lease: 4 };

describe.each(serversUnderTest())('Txn of the $name server', (server) => {
  const { etcd, k, put, values, revision, grant } = useServer(server);

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
    for (const target of [OF.version, OF.create, OF.mod]) {
      expect(await holds({ ...key(k('a')), target, result: IS.greater, lease: '9007199254740993' })).toBe(true);
      expect(await holds({ ...key(k('a')), target, result: IS.greater })).toBe(true);
    }
    expect(await holds({ ...key(k('a')), target: OF.lease, modRevision: 7 })).toBe(true);
  });

  test('compares all keys of a range', async () => {
    for (const name of ['a', 'b']) await put(name, 'same');
    const same = { ...prefix(k()), target: OF.value, value: bytes('same') };
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
        opRange(prefix(k())),
        opPut(entry(k('a'), '1')),
        opRange(prefix(k())),
        opDelete({ ...key(k('old')), prevKv: true }),
        opPut({ ...entry(k('b'), '2'), prevKv: true }),
        opRange({ ...prefix(k()), revision: before }),
        opRange({ ...prefix(k()), countOnly: true }),
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
    const { kvs } = await etcd.range(prefix(k()));
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
    expect(await values(prefix(k()))).toEqual(['a=1', 'b=yes', 'c=deep']);
    const { kvs } = await etcd.range(prefix(k()));
    expect(new Set(kvs.map((kv) => kv.modRevision)).size).toBe(1);
  });

  test('refuses a key that is put twice or put and deleted', async () => {
    const twice = (...success: object[]) => expect(etcd.txn({ success })).rejects.toMatchObject(REFUSED.duplicateKey);
    const [a, b] = [opPut(entry(k('a'), '1')), opPut(entry(k('b'), '1'))];
    await twice(a, a);
    await twice(a, opDelete(key(k('a'))));
    await twice(opDelete(prefix(k())), b);
    await twice(a, opTxn({ success: [a] }));
    await twice(opTxn({ success: [a] }), opTxn({ failure: [a] }));
    await twice(opTxn({ success: [opDelete(prefix(k()))] }), opTxn({ success: [a] }));
    await etcd.txn({
      success: [opTxn({ success: [a], failure: [a] }), b, opDelete(key(k('c'))), opDelete(key(k('c')))],
    });
    expect(await values(prefix(k()))).toEqual(['a=1', 'b=1']);
  });

  test('refuses more than 128 operations, nested ones together', async () => {
    const puts = (count: number) => Array.from({ length: count }, (_, index) => opPut(entry(k(`n${index}`), '')));
    await etcd.txn({ success: puts(128) });
    await expect(etcd.txn({ success: puts(129) })).rejects.toMatchObject(REFUSED.tooManyOps);
    await expect(etcd.txn({ failure: puts(129) })).rejects.toMatchObject(REFUSED.tooManyOps);
    await etcd.txn({ success: [opTxn({ success: puts(127) })] });
    await expect(etcd.txn({ success: [opTxn({ success: puts(128) })] })).rejects.toMatchObject(REFUSED.tooManyOps);
    expect(await etcd.range({ ...prefix(k()), countOnly: true })).toMatchObject({ count: '128' });
  });

  test('writes nothing when the branch taken cannot be done', async () => {
    const before = await revision();
    const first = opPut(entry(k('a'), '1'));
    const fails = (op: object, why: object) => expect(etcd.txn({ success: [first, op] })).rejects.toMatchObject(why);
    await fails(opPut({ ...entry(k('b'), '1'), lease: LEASE }), REFUSED.leaseNotFound);
    await fails(opPut({ key: bytes(k('b')), ignoreValue: true }), REFUSED.keyNotFound);
    await fails(opRange({ ...key(k('b')), revision: before + 9 }), REFUSED.future);
    await fails(opRange({}), REFUSED.emptyKey);
    await fails({}, REFUSED.keyNotFound);
    await expect(etcd.txn({ compare: [{ target: OF.version }], success: [first] })).rejects.toMatchObject(
      REFUSED.emptyKey,
    );
    expect(await revision()).toBe(before);
    // What is in the other branch does not matter.
    await etcd.txn({ success: [first], failure: [opPut({ ...entry(k('b'), '1'), lease: LEASE })] });
    expect(await revision()).toBe(before + 1);
  });
});
