import { eventually, tcpLink, useEtcd } from '@stampede/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '@stampede/lifecycle';
import { connectEtcd, followPrefix, type Etcd, type WatchEnd } from './index.ts';
import { silent } from './silent-log.ts';

let server: Awaited<ReturnType<typeof useEtcd>>;
beforeAll(async () => {
  server = await useEtcd();
});
afterAll(() => server.stop());

async function viaProxy(callTimeoutMs: number) {
  const { hostname: host, port } = new URL(server.endpoint);
  const proxy = await tcpLink({ target: () => ({ host, port: Number(port) }) });
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  const etcd = connectEtcd({ endpoints: [endpoint], log: silent, callTimeoutMs });
  onTestFinished(async () => {
    await etcd.close();
    await proxy.close();
  });
  return { proxy, endpoint, etcd };
}

function direct(): Etcd {
  const etcd = connectEtcd({ endpoints: [server.endpoint], log: silent, callTimeoutMs: 20_000 });
  onTestFinished(() => etcd.close());
  return etcd;
}

async function failure(call: Promise<unknown>): Promise<{ reason: string; afterMs: number }> {
  const since = performance.now();
  const reason = await call.then(
    () => 'none',
    (error: unknown) => (error as { reason: string }).reason,
  );
  return { reason, afterMs: performance.now() - since };
}

test('every call on a frozen connection ends by its deadline, and works again once it thaws', async () => {
  const { proxy, etcd } = await viaProxy(1_000);
  const { id } = await eventually(() => etcd.grantLease(60), { timeoutMs: 15_000 });
  proxy.freeze();
  const failures = await Promise.all(
    [
      etcd.list('/'),
      etcd.get('/a'),
      etcd.put('/a', '1'),
      etcd.putIf('/a', 0, '1'),
      etcd.delete('/a'),
      etcd.grantLease(5),
      etcd.refreshLease(id),
      etcd.revokeLease(id),
    ].map(failure),
  );
  for (const { reason, afterMs } of failures) {
    expect(reason).toBe('ETCD_TIMEOUT');
    expect(afterMs).toBeLessThan(10_000);
  }
  proxy.thaw();
  await eventually(() => etcd.put('/thawed', '1'));
});

test('a watch that is never set up ends as disconnected', async () => {
  const { proxy, etcd } = await viaProxy(1_000);
  await eventually(() => etcd.get('/a'), { timeoutMs: 15_000 });
  proxy.freeze();
  const end = Promise.withResolvers<WatchEnd>();
  etcd.watchPrefix('/', 1, { onEvents: () => undefined, onEnded: end.resolve });
  expect(await end.promise).toMatchObject({ reason: 'disconnected' });
});

test('a watch on a connection that froze is found by pings', async () => {
  const { proxy, etcd } = await viaProxy(2_000);
  const created = Promise.withResolvers<unknown>();
  const end = Promise.withResolvers<WatchEnd>();
  etcd.watchPrefix('/', 1, { onCreated: created.resolve, onEvents: () => undefined, onEnded: end.resolve });
  await created.promise;
  proxy.freeze();
  const since = performance.now();
  expect(await end.promise).toMatchObject({ reason: 'disconnected' });
  expect(performance.now() - since).toBeLessThan(15_000);
});

test('a failed call does not end a watch that is well', async () => {
  const etcd = direct();
  const ends: WatchEnd[] = [];
  const heard: string[] = [];
  const created = Promise.withResolvers<unknown>();
  const at = await etcd.put('/well/a', '1');
  etcd.watchPrefix('/well/', at + 1, {
    onCreated: created.resolve,
    onEvents: (events) => heard.push(...events.map(({ type }) => type)),
    onEnded: (end) => ends.push(end),
  });
  await created.promise;
  expect((await failure(etcd.put('', 'no key'))).reason).toBe('ETCD_REFUSED');
  expect((await failure(etcd.refreshLease('12345'))).reason).toBe('ETCD_LEASE_NOT_FOUND');
  await etcd.put('/well/b', '1');
  await eventually(() => expect(heard).toEqual(['put']));
  expect(ends).toEqual([]);
});

test('a lost connection ends the watch, fails calls at once, and is made anew in a second or so', async () => {
  const { proxy, etcd } = await viaProxy(5_000);
  const end = Promise.withResolvers<WatchEnd>();
  const created = Promise.withResolvers<unknown>();
  etcd.watchPrefix('/', 1, { onCreated: created.resolve, onEvents: () => undefined, onEnded: end.resolve });
  await created.promise;
  proxy.cut();
  expect(await end.promise).toMatchObject({ reason: 'disconnected' });
  for (let call = 0; call < 10; call += 1) {
    const { reason, afterMs } = await failure(etcd.get('/a'));
    expect(reason).toBe('ETCD_UNAVAILABLE');
    expect(afterMs).toBeLessThan(4_000);
  }
  proxy.heal();
  await eventually(() => etcd.get('/a'));
});

test('a member that is away is passed over, for calls and for watches', async () => {
  const { proxy, endpoint, etcd: unused } = await viaProxy(2_000);
  await unused.close();
  proxy.cut();
  const etcd = connectEtcd({ endpoints: [endpoint, server.endpoint], log: silent });
  onTestFinished(() => etcd.close());
  await etcd.put('/member/a', '1');
  expect((await etcd.get('/member/a'))?.value).toBe('1');
  const created = Promise.withResolvers<unknown>();
  etcd.watchPrefix('/member/', 1, { onCreated: created.resolve, onEvents: () => undefined, onEnded: () => undefined });
  await created.promise;
});

test('10,000 keys are listed in pages, at one revision whatever is written meanwhile', async () => {
  const etcd = direct();
  for (let block = 0; block < 100; block += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => etcd.put(`/many/${block}-${index}`, 'x'.repeat(150))));
  }
  const listed = new AbortController();
  const writer = (async () => {
    for (let turn = 0; !listed.signal.aborted; turn += 1) await etcd.put(`/many/late-${turn}`, '');
  })();
  const listing = await etcd.list('/many/');
  listed.abort();
  await writer;
  expect(listing.entries.filter(({ key }) => !key.includes('late'))).toHaveLength(10_000);
  for (const { modRevision } of listing.entries) expect(modRevision).toBeLessThanOrEqual(listing.revision);
}, 90_000);

test('a follower on the wire comes through cuts and freezes with nothing missed', async () => {
  const { proxy, etcd } = await viaProxy(2_000);
  const writer = direct();
  const view = new Map<string, string>();
  const follower = followPrefix({
    etcd,
    prefix: '/through/',
    onChanges({ puts, deletes }) {
      for (const key of deletes) view.delete(key);
      for (const { key, value } of puts) view.set(key, value);
    },
    clock: systemClock,
    random: Math.random,
    log: silent,
  });
  onTestFinished(() => follower.close());
  await writer.put('/through/a', '1');
  await eventually(() => expect([...view]).toEqual([['/through/a', '1']]));
  proxy.cut();
  await writer.delete('/through/a');
  await writer.put('/through/b', '2');
  proxy.heal();
  await eventually(() => expect([...view]).toEqual([['/through/b', '2']]));
  proxy.freeze();
  await writer.put('/through/c', '3');
  proxy.thaw();
  await eventually(() => expect(view.size).toBe(2));
});

test('no endpoints are refused', () => {
  expect(() => connectEtcd({ endpoints: [], log: silent })).toThrow('no endpoints');
});
