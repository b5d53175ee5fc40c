import { eventually, startEtcdProcess } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openPassage } from './passage.ts';
import { connect, keyOf, LEASE_SECONDS, startCaller, startInstance, startLoad } from './setup.ts';

const PATIENCE = { timeoutMs: 30_000 };
/** Milliseconds, as promised. */
const REGISTERED_MS = LEASE_SECONDS * 1000 + 5_000;

async function setup(...ids: string[]) {
  const server = await startEtcdProcess();
  onTestFinished(() => server.stop());
  const etcd = connect(server.endpoint);
  const passage = await openPassage(server.endpoint);
  onTestFinished(() => passage.close());
  const instances = await Promise.all(ids.map((id) => startInstance(id, server.endpoint)));
  return { server, etcd, passage, instances };
}

test.each(['the key is deleted', 'the lease is revoked'])(
  '%s under load: no call fails, and it is put back in time',
  async (harm) => {
    const { etcd, server } = await setup('a', 'b', 'c');
    const caller = startCaller(connect(server.endpoint));
    await eventually(async () => expect(await caller.answering()).toEqual(['a', 'b', 'c']), PATIENCE);
    const load = startLoad(caller.call);
    const { leaseId = '' } = (await etcd.get(keyOf('a'))) ?? {};
    if (harm === 'the key is deleted') await etcd.delete(keyOf('a'));
    else await etcd.revokeLease(leaseId);
    const since = performance.now();
    await eventually(async () => expect((await etcd.get(keyOf('a')))?.leaseId).toBeDefined(), PATIENCE);
    expect(performance.now() - since).toBeLessThan(REGISTERED_MS);
    load.seen.answered.clear();
    await eventually(() => expect([...load.seen.answered].sort()).toEqual(['a', 'b', 'c']), PATIENCE);
    await load.stop();
    expect(load.seen.errors).toEqual([]);
  },
  120_000,
);

test('a process that was frozen past its lease is registered again in time, and called again', async () => {
  const { etcd, server, instances } = await setup('a', 'b', 'c');
  const caller = startCaller(connect(server.endpoint));
  await eventually(async () => expect(await caller.answering()).toEqual(['a', 'b', 'c']), PATIENCE);
  instances[0]?.signal('SIGSTOP');
  await eventually(async () => expect(await etcd.get(keyOf('a'))).toBeUndefined(), PATIENCE);
  await eventually(() => expect(caller.listed()).toEqual(['b', 'c']), PATIENCE);
  expect(await caller.answering()).toEqual(['b', 'c']);
  instances[0]?.signal('SIGCONT');
  const since = performance.now();
  await eventually(async () => expect(await etcd.get(keyOf('a'))).toBeDefined(), PATIENCE);
  expect(performance.now() - since).toBeLessThan(REGISTERED_MS);
  await eventually(async () => expect(await caller.answering()).toEqual(['a', 'b', 'c']), PATIENCE);
}, 120_000);

test('compaction while a watcher is down: nothing is missed', async () => {
  const { etcd, server, passage, instances } = await setup('a', 'b', 'c');
  const caller = startCaller(connect(passage.endpoint));
  await eventually(() => expect(caller.listed()).toEqual(['a', 'b', 'c']), PATIENCE);
  passage.cut();
  await instances[0]?.leave();
  await startInstance('d', server.endpoint);
  await passage.compact((await etcd.list('')).revision);
  expect(caller.listed()).toEqual(['a', 'b', 'c']);
  await passage.heal();
  await eventually(() => expect(caller.listed()).toEqual(['b', 'c', 'd']), PATIENCE);
  await startInstance('e', server.endpoint);
  await eventually(() => expect(caller.listed()).toEqual(['b', 'c', 'd', 'e']), PATIENCE);
}, 120_000);

test('a watch that drops events silently is found by the listing', async () => {
  const { server, passage } = await setup('a', 'b', 'c');
  const [listing, watching] = [1_000, 3_600_000].map((relistMs) =>
    startCaller(connect(passage.endpoint), { relistMs }),
  );
  const heard = () => [listing?.listed(), watching?.listed()];
  await eventually(
    () =>
      expect(heard()).toEqual([
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ]),
    PATIENCE,
  );
  await startInstance('d', server.endpoint);
  await eventually(
    () =>
      expect(heard()).toEqual([
        ['a', 'b', 'c', 'd'],
        ['a', 'b', 'c', 'd'],
      ]),
    PATIENCE,
  );
  passage.mute(true);
  await startInstance('e', server.endpoint);
  await eventually(() => expect(listing?.listed()).toEqual(['a', 'b', 'c', 'd', 'e']), PATIENCE);
  // Only the listing can have said so.
  expect(passage.dropped).toBeGreaterThan(0);
  expect(watching?.listed()).toEqual(['a', 'b', 'c', 'd']);
  passage.mute(false);
  await startInstance('f', server.endpoint);
  await eventually(() => expect(listing?.listed()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']), PATIENCE);
}, 120_000);
