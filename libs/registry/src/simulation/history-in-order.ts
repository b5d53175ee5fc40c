import type { Instance } from '@stampede/rpc';
import fc from 'fast-check';
import { grpcNaming } from '../grpc-naming.ts';
import { silent } from '../silent-log.ts';
import type { Kit, TestClock } from './kit.ts';

const swaps = fc.constantFrom('empty' as const, 'restored' as const);
/** Another history takes over while the watcher is about to list or to watch. */
const overtake = fc.record({
  op: fc.constant('overtake' as const),
  ms: fc.nat(600),
  by: swaps,
  /** It stands at a higher revision. */
  ahead: fc.boolean(),
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constantFrom('put' as const, 'drop' as const), id: fc.constantFrom('a', 'b', 'c') }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(0, 20, 100, 250, 600) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('backup', 'compact', 'cut', 'heal', 'elsewhere') }) },
  { weight: 1, arbitrary: fc.record({ op: swaps }) },
  { weight: 1, arbitrary: overtake },
);

export type HistoryPlan = typeof historyPlans extends fc.Arbitrary<infer Plan> ? Plan : never;

export const historyPlans = fc.record({
  steps: fc
    .tuple(fc.array(step, { maxLength: 40, size: 'max' }), fc.array(overtake, { maxLength: 1 }))
    .map((parts) => parts.flat()),
  /** Milliseconds that messages take, one after the other. */
  delays: fc.array(fc.nat(200), { minLength: 5, maxLength: 20 }),
  /** Milliseconds between listings: all the time, or never. */
  relistMs: fc.constantFrom(400, 1e9),
});

/**
 * What a watcher tells is the history of etcd: states that it had, in their order, though not each of them; at the end, the last one, and
 * that, where `relistMs` is long, without any listing but those which the end of a watch calls for. Gives what was told and should not have been.
 */
export async function historyInOrder(
  kit: Kit,
  clock: TestClock,
  { steps, delays, relistMs }: HistoryPlan,
): Promise<string[]> {
  const server = kit.createMemoryEtcd({ clock });
  let turn = 0;
  const delay = () => delays[turn++ % delays.length] ?? 0;
  const link = server.connect({ fate: () => ({ requestMs: delay(), replyMs: delay() }) });
  const states: string[] = [];
  const wrong: string[] = [];
  /** A backup that came back, and is written to, may look like the history that it was made of: nobody can tell. */
  const backup = { cameBackAt: Infinity, goneOn: false };
  let at = 0;
  const write = (instances: readonly Instance[]) =>
    instances
      .map(({ id, address }) => `${id}=${address}`)
      .sort()
      .join(' ');
  const remember = () => {
    const { entries } = server.store.list(grpcNaming.prefix);
    states.push(write(entries.flatMap(({ key, value }) => grpcNaming.read(key, value) ?? [])));
    backup.goneOn ||= server.store.revision > backup.cameBackAt;
  };
  const swap = (how: 'empty' | 'restored') => {
    server.stop();
    server.start(how);
    backup.cameBackAt = how === 'restored' ? server.store.revision : Infinity;
  };
  const goOn = (revisions: number) => {
    for (let count = 0; count < revisions; count += 1) server.store.put('/elsewhere', '');
  };
  remember();
  const watcher = kit.createWatcher({ etcd: link, log: silent, clock, random: () => 0.5, relistMs });
  watcher.watch('s', ({ listed }) => {
    const found = states.indexOf(write(listed), at);
    if (backup.goneOn) at = states.length - 1;
    else if (found < 0) wrong.push(`told [${write(listed)}] after [${states[at] ?? ''}]`);
    else at = found;
  });
  for (const [index, each] of steps.entries()) {
    const key = 'id' in each ? grpcNaming.key('s', each.id) : '';
    switch (each.op) {
      case 'put': {
        const instance = { id: each.id, service: 's', address: `10.0.0.1:${index + 1}`, metadata: {} };
        server.store.put(key, grpcNaming.value(instance));
        break;
      }
      case 'drop':
        server.store.delete(key);
        break;
      case 'wait':
        await clock.advance(each.ms);
        break;
      case 'elsewhere':
        goOn(10);
        break;
      case 'compact':
        server.compact();
        break;
      case 'backup':
        server.backUp();
        break;
      case 'cut':
      case 'heal':
        link[each.op]();
        break;
      case 'overtake':
        link.cut();
        link.heal();
        await clock.advance(each.ms);
        swap(each.by);
        if (each.ahead) goOn(100);
        break;
      default:
        swap(each.op);
    }
    remember();
  }
  link.heal();
  await clock.advance(10_000);
  const last = states.at(-1) ?? '';
  if (!backup.goneOn && states[at] !== last) wrong.push(`[${states[at] ?? ''}] in the end instead of [${last}]`);
  await watcher.close();
  server.close();
  return wrong;
}
