import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { createMemoryEtcd, keepLease, type LeaseLoss } from './index.ts';
import { silent } from './silent-log.ts';

async function setup(ttlSeconds = 9) {
  const clock = fakeClock();
  const server = createMemoryEtcd({ clock });
  const etcd = server.connect();
  const lease = await etcd.grantLease(ttlSeconds);
  await etcd.put('/k', 'v', { leaseId: lease.id });
  const abort = new AbortController();
  const losses: { loss: LeaseLoss; at: number }[] = [];
  const refresh = vi.spyOn(etcd, 'refreshLease');
  const kept = keepLease({ etcd, lease, clock, random: () => 0.5, log: silent, signal: abort.signal });
  void kept.then(
    (loss) => losses.push({ loss, at: clock.monotonic() }),
    () => undefined,
  );
  return { clock, server, etcd, lease, abort, losses, kept, refresh };
}

test('a lease is refreshed three times in its life, for as long as one likes', async () => {
  const { clock, server, losses, refresh } = await setup();
  await clock.advance(900_000);
  expect(refresh).toHaveBeenCalledTimes(300);
  expect(losses).toEqual([]);
  expect(server.store.list('/k').entries).toHaveLength(1);
});

test('a revoked lease is known to be gone by the next refresh', async () => {
  const { clock, etcd, lease, losses } = await setup();
  await clock.advance(1_000);
  await etcd.revokeLease(lease.id);
  await clock.advance(2_000);
  expect(losses).toEqual([{ loss: 'gone', at: 3_000 }]);
});

test('without an answer for the life of the lease it counts as lost, not later', async () => {
  const { clock, etcd, losses } = await setup();
  await clock.advance(4_000);
  etcd.cut();
  await clock.advance(7_900);
  expect(losses).toEqual([]);
  await clock.advance(2_000);
  expect(losses).toMatchObject([{ loss: 'silent' }]);
});

test('the life of a lease counts from when a refresh was sent, not from when its answer came', async () => {
  const { clock, etcd, losses, refresh } = await setup();
  refresh.mockImplementationOnce(async () => {
    await clock.sleep(4_000);
    return 9;
  });
  await clock.advance(7_000);
  etcd.cut();
  await clock.advance(6_800);
  expect(losses).toMatchObject([{ loss: 'silent' }]);
  expect(losses[0]!.at).toBeLessThan(13_500);
});

test('a short cut costs nothing', async () => {
  const { clock, etcd, losses } = await setup();
  etcd.cut();
  await clock.advance(5_000);
  etcd.heal();
  await clock.advance(100_000);
  expect(losses).toEqual([]);
});

test('a process frozen past its lease asks, and learns that it is gone', async () => {
  const { clock, server, losses } = await setup();
  // Seen from the server, a frozen client is one whose timers do not run.
  await clock.advance(2_999);
  for (const id of [server.store.list('/k').entries[0]!.leaseId!]) server.store.revokeLease(id);
  await clock.advance(1);
  expect(losses).toEqual([{ loss: 'gone', at: 3_000 }]);
});

test('it ends with the reason of its signal', async () => {
  const { clock, abort, kept } = await setup();
  const reason = new Error('stopped');
  abort.abort(reason);
  await expect(kept).rejects.toBe(reason);
  await clock.advance(0);
});
