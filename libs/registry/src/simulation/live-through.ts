import type { Instance } from '@stampede/rpc';
import { grpcNaming } from '../grpc-naming.ts';
import type { Kit, TestClock } from './kit.ts';
import type { Plan } from './plan.ts';
import { createWorld, LEASE_SECONDS, type World } from './world.ts';

/** Milliseconds. A call that was lost before it grew calm is waited for so long. */
const LOST_MS = 2_000;
const LEASE_MS = LEASE_SECONDS * 1000;
/** Promised: registered again within one lease time and 5 s. */
const REGISTERED_MS = LOST_MS + LEASE_MS + 5_000;
/** A watcher that lost etcd waits for at most 2 s between two attempts. */
const HEARD_MS = 3_000;
/** Promised: what a watch did not tell, a listing finds within 75 s. */
const LISTED_MS = 75_000 + LOST_MS;

/** What went wrong; both are empty when all is well. */
export interface Findings {
  /** Promises of README.md that did not hold once it was calm. */
  readonly wrong: readonly string[];
  /** What callers were told and should not have been: counts while etcd alone is at fault. */
  readonly untrue: readonly string[];
}

/** Lives through a plan, then ends what is wrong, looks at the promises within their time, and lets everybody leave. */
export async function liveThrough(kit: Kit, clock: TestClock, plan: Plan): Promise<Findings> {
  const world = createWorld(kit, clock, plan);
  const wrong: string[] = [];
  let took = 0;
  for (const step of plan.steps) {
    took += 1;
    if (step.op === 'wait') await clock.advance(step.ms);
    else {
      world.take(step);
      await clock.advance(1);
    }
    wrong.push(...haste(world, clock.monotonic(), took));
    if (wrong.length > 0) break;
  }
  world.calm();
  await clock.advance(REGISTERED_MS);
  const living = world.lives.filter(({ alive }) => alive).map(({ instance }) => nameOf(instance));
  compare(wrong, 'registered', registered(world), living);

  await clock.advance(HEARD_MS + (world.wasMuted ? LISTED_MS - REGISTERED_MS + LEASE_MS : 0));
  world.callers.forEach(({ set }, index) => {
    compare(wrong, `listed for caller ${index}`, set.listed.map(nameOf), living);
    compare(wrong, `fading for caller ${index}`, set.fading.map(nameOf), []);
  });
  const untrue = [...world.untrue];

  for (const { slot, alive } of world.lives) {
    if (!alive) continue;
    world.take({ op: plan.ending, slot });
    await clock.advance(400);
  }
  await clock.advance(plan.ending === 'crash' ? LEASE_MS + HEARD_MS : HEARD_MS);
  world.callers.forEach(({ set }, index) => {
    const left = [...set.listed, ...set.fading].map(nameOf);
    compare(wrong, `left for caller ${index} when all had ended`, left, []);
  });
  world.close();
  return { wrong, untrue };
}

const nameOf = ({ id, address }: Instance) => `${id}@${address}`;

function registered({ server }: World): string[] {
  return server.store.list(grpcNaming.prefix).entries.flatMap(({ key, value, leaseId }) => {
    const instance = leaseId === undefined ? undefined : grpcNaming.read(key, value);
    return instance === undefined ? [] : [nameOf(instance)];
  });
}

/** Nobody asks etcd again and again without a pause. */
function haste({ lives, callers }: World, ms: number, steps: number): string[] {
  const most = 100 + 30 * steps + (6 * ms) / 1000;
  return [...lives, ...callers].flatMap(({ process: { calls } }) =>
    calls > most ? [`${calls} calls within ${ms} ms`] : [],
  );
}

function compare(wrong: string[], what: string, found: readonly string[], wanted: readonly string[]): void {
  const [a, b] = [[...found].sort().join(' '), [...wanted].sort().join(' ')];
  if (a !== b) wrong.push(`${what}: [${a}] instead of [${b}]`);
}
