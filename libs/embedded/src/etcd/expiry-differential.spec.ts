import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type EtcdClient } from './test-support/etcd-client.ts';
import { entry, prefix } from './test-support/requests.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';

interface Granted {
  readonly ttl: number;
  /** Put under this lease, whichever lease they were under before. */
  readonly keys: readonly string[];
  /** Kept alive once, a second after all was put. */
  readonly refreshed: boolean;
  /** Put without a lease afterwards. */
  readonly freed: string | undefined;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j');
const leases: fc.Arbitrary<Granted[]> = fc.array(
  fc.record({
    ttl: fc.integer({ min: 4, max: 5 }),
    keys: fc.uniqueArray(name, { maxLength: 4 }),
    refreshed: fc.boolean(),
    freed: fc.option(name, { nil: undefined, freq: 4 }),
  }),
  { minLength: 8, maxLength: 20, size: 'max' },
);

/** Milliseconds; less than the shortest lease. */
const SETUP_MS = 3_500;

const servers = serversUnderTest();
const running: { name: string; etcd: EtcdClient; stop: () => Promise<void> }[] = [];
let begun = 0;

beforeAll(async () => {
  for (const { name, start } of servers) {
    const server = await start();
    running.push({ name, etcd: connect(server.endpoint), stop: server.stop });
  }
});

afterAll(async () => {
  for (const { etcd, stop } of running) {
    etcd.close();
    await stop();
  }
});

/** The keys that die with each lease, in the order of the leases; none for a lease that had lost them all. */
function expected(granted: readonly Granted[]): string[] {
  const owner = new Map<string, number>();
  granted.forEach(({ keys, freed }, index) => {
    for (const key of keys) owner.set(key, index);
    if (freed !== undefined) owner.delete(freed);
  });
  return granted.map((_, index) =>
    [...owner.keys()]
      .filter((key) => owner.get(key) === index)
      .sort()
      .join(' '),
  );
}

/** Lets all leases expire: which keys died in one revision, by the lease they were under, and which came too early. */
async function letExpire(etcd: EtcdClient, granted: readonly Granted[], folder: string) {
  const watch = etcd.watch();
  watch.send({ createRequest: { ...prefix(folder), filters: [0], prevKv: true } });
  await watch.next();
  const ids: string[] = [];
  const since = new Map<string, number>();
  const begin = performance.now();
  try {
    for (const { ttl, keys, freed } of granted) {
      const sent = performance.now();
      const { ID } = await etcd.leaseGrant({ TTL: ttl });
      ids.push(ID);
      since.set(ID, sent);
      for (const key of keys) await etcd.put({ ...entry(folder + key, ''), lease: ID });
      if (freed !== undefined) await etcd.put(entry(folder + freed, ''));
    }
  } finally {
    // On a machine so busy the first leases are gone before the last keys are put: another history, and no answer to our question.
    fc.pre(performance.now() - begin < SETUP_MS);
  }
  await sleep(1_000);
  const keeping = etcd.keepAlive();
  for (const ID of ids.filter((_, index) => granted[index]?.refreshed)) {
    const sent = performance.now();
    keeping.send({ ID });
    // Where the machine was too slow the lease is gone by now: 0.
    if (Number((await keeping.next()).TTL) > 0) since.set(ID, sent);
  }
  keeping.halfClose();
  const died = granted.map(() => '');
  const early: string[] = [];
  const wanted = expected(granted).filter((keys) => keys !== '').length;
  // A response may hold several revisions, but all of each.
  for (let count = 0; count < wanted;) {
    const revisions = Map.groupBy((await watch.next()).events, ({ kv }) => kv.modRevision);
    for (const events of revisions.values()) {
      const lease = events[0]?.prevKv?.lease ?? '';
      const index = ids.indexOf(lease);
      if (performance.now() - (since.get(lease) ?? Infinity) < 1000 * (granted[index]?.ttl ?? 0)) early.push(lease);
      died[index] = events.map(({ kv }) => kv.key.toString().slice(folder.length)).join(' ');
      count += 1;
    }
  }
  watch.cancel();
  return { died, early };
}

test('leases that expire take their keys with them, each in one revision, in the same order on every server, and never early', async () => {
  await fc.assert(
    fc.asyncProperty(leases, async (granted) => {
      begun += 1;
      const folder = `expiry${String(begun).padStart(4, '0')}/`;
      const stories = await Promise.all(running.map(({ etcd }) => letExpire(etcd, granted, folder)));
      for (const [index, story] of stories.entries()) {
        const { name } = running[index] ?? {};
        expect({ name, ...story }).toEqual({ name, died: expected(granted), early: [] });
      }
    }),
    // A failure is a history of seconds: not shrunk.
    { numRuns: 2, endOnFailure: true },
  );
}, 180_000);
