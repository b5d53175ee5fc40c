import { describe, expect, test } from 'vitest';
import { bytes, key, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { LEASE, REFUSED, useServer } from './test-support/use-server.ts';

describe.each(serversUnderTest())('Lease of the $name server', (server) => {
  const { etcd, k, put, values, revision, grant, watch, told } = useServer(server);

  test('grants an id of its own or the one wanted, within bounds', async () => {
    const own = await etcd.leaseGrant({ TTL: 30 });
    expect(own.TTL).toBe('30');
    expect(BigInt(own.ID)).toBeGreaterThan(0n);
    expect(await etcd.leaseGrant({ TTL: 30, ID: LEASE })).toMatchObject({ ID: LEASE, TTL: '30' });
    await expect(etcd.leaseGrant({ TTL: 30, ID: LEASE })).rejects.toMatchObject(REFUSED.leaseExists);
    await expect(etcd.leaseGrant({ TTL: 9_000_000_001 })).rejects.toMatchObject(REFUSED.leaseTtlTooLarge);
    expect(await etcd.leaseGrant({ TTL: 1 })).toMatchObject({ TTL: '2' });
    expect(await etcd.leaseGrant({ TTL: -5 })).toMatchObject({ TTL: '2' });
    await etcd.leaseRevoke({ ID: LEASE });
    await expect(etcd.leaseRevoke({ ID: LEASE })).rejects.toMatchObject(REFUSED.leaseNotFound);
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
    const { stream } = await watch(prefix(k()));
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
    expect(await values(prefix(k()))).toEqual(['a=2', 'b=2', 'c=2']);
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
    expect(await values(prefix(k()))).toEqual([]);
  });
});
