import type { InstanceSet } from '@stampede/rpc';
import fc from 'fast-check';
import { expect } from 'vitest';
import { grpcNaming } from '../grpc-naming.ts';
import { silent } from '../silent-log.ts';
import type { Kit, TestClock } from './kit.ts';

/**
 * The watcher against its rules, said as plainly as possible: the model keeps only what was seen, in order, and works out from the whole of
 * it who should be listed and who should be fading.
 */
const LEASE_MS = 10_000;
const IDS = ['0', '1', '2', '3', '4', '5', '6', '7'];
/** Two ids share an address, as a process and its successor do. */
const addressOf = (id: string) => `10.0.0.1:${1000 + (Number(id) % 4)}`;

type Seen =
  | { readonly saw: 'put'; readonly id: string }
  | { readonly saw: 'left'; readonly ids: readonly string[]; readonly at: number }
  | { readonly saw: 'lost'; readonly ids: readonly string[] }
  | { readonly saw: 'gone'; readonly id: string };

function listedAfter(history: readonly Seen[]): Set<string> {
  const listed = new Set<string>();
  for (const seen of history) {
    if (seen.saw === 'put') listed.add(seen.id);
    else if (seen.saw !== 'gone') for (const id of seen.ids) listed.delete(id);
  }
  return listed;
}

function departureOf(history: readonly Seen[], id: string): number {
  return history.findLastIndex((seen) => (seen.saw === 'left' || seen.saw === 'lost') && seen.ids.includes(id));
}

/** Whether, by the `left` at `index`, more had left within a lease time than were still there. */
function massDeparture(history: readonly Seen[], index: number): boolean {
  const until = history.slice(0, index + 1);
  const now = (history[index] as Seen & { at: number }).at;
  const listed = listedAfter(until);
  const away = IDS.filter((id) => {
    const departure = until[departureOf(until, id)];
    return !listed.has(id) && departure?.saw === 'left' && now - departure.at <= LEASE_MS;
  });
  return away.length > listed.size;
}

function fadingAfter(history: readonly Seen[]): string[] {
  const listed = listedAfter(history);
  return IDS.filter((id) => {
    const index = departureOf(history, id);
    const departure = history[index];
    if (listed.has(id) || departure === undefined) return false;
    const heirs = [...listedAfter(history.slice(0, index + 1))];
    if (heirs.some((heir) => addressOf(heir) === addressOf(id))) return false;
    const later = history.slice(index + 1);
    const ended = later.some(
      (seen) => (seen.saw === 'gone' && seen.id === id) || (seen.saw === 'put' && addressOf(seen.id) === addressOf(id)),
    );
    if (ended) return false;
    if (departure.saw !== 'left') return true;
    return history.some(
      (seen, at) =>
        at >= index && seen.saw === 'left' && seen.at - departure.at <= LEASE_MS && massDeparture(history, at),
    );
  });
}

const id = fc.constantFrom(...IDS);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('put' as const), id }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('drop' as const), id }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('gone' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(2_000, 6_000, 30_000, 90_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('cut', 'heal', 'compact', 'stop', 'start', 'empty', 'backup', 'restored'),
    }),
  },
);

export type WatcherStep = typeof step extends fc.Arbitrary<infer Step> ? Step : never;

export const watcherSteps = fc.array(step, { maxLength: 40, size: 'max' });

/** Lives through the steps; throws where what the watcher tells is not exactly what its rules say: who is listed, and who is fading. */
export async function checkWatcher(kit: Kit, clock: TestClock, steps: readonly WatcherStep[]): Promise<void> {
  const server = kit.createMemoryEtcd({ clock });
  const link = server.connect();
  const watcher = kit.createWatcher({ etcd: link, log: silent, clock, random: () => 0.5 });
  let told: InstanceSet = { listed: [], fading: [] };
  let toldAt = 0;
  watcher.watch('s', (set) => {
    told = set;
    toldAt = clock.monotonic();
  });
  await clock.advance(0);

  const history: Seen[] = [];
  let seen = { clusterId: server.store.clusterId, revision: server.store.revision };
  let linked = true;
  let running = true;

  async function check(settleMs: number): Promise<void> {
    if (!linked || !running) return;
    await clock.advance(settleMs);
    const { clusterId, revision } = server.store;
    const reset = clusterId !== seen.clusterId || revision < seen.revision;
    seen = { clusterId, revision };
    const before = listedAfter(history);
    const now = new Set(server.store.list('/services/s/').entries.map(({ key }) => key.split('/')[3] ?? ''));
    for (const one of now) if (!before.has(one)) history.push({ saw: 'put', id: one });
    const ids = [...before].filter((one) => !now.has(one));
    if (ids.length > 0) history.push(reset ? { saw: 'lost', ids } : { saw: 'left', ids, at: toldAt });
    expect(told.listed.map((one) => one.id).sort()).toEqual([...listedAfter(history)].sort());
    expect(told.fading.map((one) => one.id).sort()).toEqual(fadingAfter(history));
  }

  for (const each of steps) {
    switch (each.op) {
      case 'put': {
        const instance = { id: each.id, service: 's', address: addressOf(each.id), metadata: {} };
        server.store.put(grpcNaming.key('s', each.id), grpcNaming.value(instance));
        break;
      }
      case 'drop':
        server.store.delete(grpcNaming.key('s', each.id));
        break;
      case 'gone':
        watcher.gone('s', each.id);
        if (!listedAfter(history).has(each.id)) history.push({ saw: 'gone', id: each.id });
        break;
      case 'wait':
        await clock.advance(each.ms);
        break;
      case 'compact':
        server.compact();
        break;
      case 'backup':
        server.backUp();
        break;
      case 'cut':
      case 'heal':
        linked = each.op === 'heal';
        link[each.op]();
        break;
      case 'stop':
        running = false;
        server.stop();
        break;
      default:
        if (running) continue;
        running = true;
        server.start(each.op === 'start' ? 'kept' : each.op);
    }
    // Having been parted, the watcher waits for a moment before it lists again.
    await check(['heal', 'start', 'empty', 'restored'].includes(each.op) ? 3_000 : 10);
  }
  await watcher.close();
  server.close();
}
