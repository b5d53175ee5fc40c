import { startEtcdProcess } from '@stampede/testing';
import type { BenchOptions } from '../bench.ts';
import { cpuMicros } from '../measure/cpu-time.ts';
import { rounded, spreadOf } from '../measure/spread.ts';
import { startWorker } from '../process/start-worker.ts';
import type { Fleet } from './fleet-worker.ts';
import type { ClientMemory, WatchRun } from './watcher-worker.ts';

export interface DiscoveryOptions extends Pick<BenchOptions, 'say' | 'signal'> {
  readonly instances: number;
  /** How often an instance comes and goes. */
  readonly changes: number;
}

const SERVICE = 'inventory';
/** The registrars' own. */
const LEASE_SECONDS = 10;

/** Milliseconds. */
interface Times {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface DiscoveryFigures {
  readonly instances: number;
  /** From the start of a registrar until the client is told; from its stop. */
  readonly joinedMs: Times;
  readonly leftMs: Times;
  /** Until a client that starts knows all. */
  readonly listingMs: number;
  /** Of the client's process, all of it, after a collection of garbage. */
  readonly client: ClientMemory;
  /** Cores that each process kept busy meanwhile; the fleet's is what thousands of machines would bear. */
  readonly cores: Readonly<Record<string, number>>;
}

/** A service of so many instances in the embedded etcd; how soon a client knows of one that comes or goes, and what it costs to know them all. */
export async function measureDiscovery({
  instances,
  changes,
  say,
  signal,
}: DiscoveryOptions): Promise<DiscoveryFigures> {
  await using scope = new AsyncDisposableStack();
  const etcd = await startEtcdProcess();
  scope.defer(() => etcd.stop());
  const { endpoint } = etcd;
  const worker = (file: string) => startWorker({ entry: new URL(`./${file}`, import.meta.url), signal, scope });
  const [fleet, registrar, watcher] = [
    worker('fleet-worker.ts'),
    worker('registrar-worker.ts'),
    worker('watcher-worker.ts'),
  ];
  const before = performance.now();
  await fleet.ask('register', { endpoint, service: SERVICE, instances, leaseSeconds: LEASE_SECONDS } satisfies Fleet);
  say(`${instances} instances registered in ${Math.round(performance.now() - before)} ms; they come and go …`);
  const listingMs = await watcher.ask<number>('watch', { endpoint, service: SERVICE, instances } satisfies WatchRun);
  await registrar.ask('connect', endpoint);

  const watched = [
    { name: 'etcd', pid: etcd.pid },
    { name: 'fleet', pid: fleet.pid },
    { name: 'watcher', pid: watcher.pid },
    { name: 'registrar', pid: registrar.pid },
  ];
  const [begun, cpu] = [performance.now(), cpuMicros(watched)];
  const joined: number[] = [];
  const left: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const id = `come-and-go-${change}`;
    joined.push(await timed(true, () => registrar.ask<number>('join', { service: SERVICE, id })));
    left.push(await timed(false, () => registrar.ask<number>('leave', id)));

    async function timed(present: boolean, cause: () => Promise<number>): Promise<number> {
      await watcher.ask('expect', { id, present });
      const from = await cause();
      return (await watcher.ask<number>('seen', undefined)) - from;
    }
  }
  const took = performance.now() - begun;
  const used = cpuMicros(watched);
  const shares = Object.fromEntries(
    watched.map(({ name }) => [name, rounded(((used[name] ?? 0) - (cpu[name] ?? 0)) / took / 1_000, 2)]),
  );
  await fleet.ask('alive', undefined);
  const memory = await watcher.ask<ClientMemory>('memory', undefined);
  return {
    instances,
    joinedMs: figures(joined),
    leftMs: figures(left),
    listingMs: rounded(listingMs),
    client: { residentMb: rounded(memory.residentMb, 3), heapMb: rounded(memory.heapMb, 3) },
    cores: shares,
  };
}

function figures(ms: readonly number[]): Times {
  const { median, min, max } = spreadOf(ms);
  return { median: rounded(median), min: rounded(min), max: rounded(max) };
}
