import { status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import { entry, key, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import { useServer } from './test-support/use-server.ts';

describe.each(serversUnderTest())('the member of the $name server', (server) => {
  const { etcd, endpoint, k, put, grant, watch } = useServer(server);

  test('Status and MemberList name this member', async () => {
    const { header, version, leader } = await etcd.status();
    expect(version).toMatch(/^3\.\d+\.\d+/);
    expect(leader).toBe(header.memberId);
    const { members } = await etcd.memberList();
    expect(members).toMatchObject([{ clientURLs: [endpoint()] }]);
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
      expect(await etcd.range({ ...prefix(k()), countOnly: true })).toMatchObject({ count: '200' }),
    );
  });

  test('answers UNIMPLEMENTED to what is not there', async () => {
    await expect(etcd.call('/etcdserverpb.KV/Nothing')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});
