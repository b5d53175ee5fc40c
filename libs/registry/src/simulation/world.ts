import type { Fate, MemoryClient, MemoryEtcd } from '@stampede/etcd';
import type { Instance, InstanceSet } from '@stampede/rpc';
import { seededRandom } from '@stampede/testing';
import { grpcNaming } from '../grpc-naming.ts';
import { silent } from '../silent-log.ts';
import type { Kit, TestClock } from './kit.ts';
import { WATCHERS, type Plan, type Step } from './plan.ts';
import { createSimProcess, type SimProcess } from './sim-process.ts';

export const LEASE_SECONDS = 10;
const SERVICE = 's';
/** Milliseconds after which a client has noticed, at most, that a connection was refused or drains. */
const NOTICED_MS = 800;

/** One process that serves, from its start to its end. */
export interface Life {
  readonly instance: Instance;
  readonly slot: number;
  readonly process: SimProcess;
  readonly registrar: { stop(): Promise<void> };
  alive: boolean;
}

/** One process that calls: what its watcher told it last, and all it has ever been told is listed. */
export interface Caller {
  readonly process: SimProcess;
  set: InstanceSet;
  readonly known: Set<string>;
}

export interface World {
  readonly server: MemoryEtcd;
  readonly callers: readonly Caller[];
  readonly lives: readonly Life[];
  /** Whether a watch was mute at any time: then only a listing helps. */
  readonly wasMuted: boolean;
  take(step: Step): void;
  /** Ends whatever is wrong. */
  calm(): void;
  /** What no caller is told while etcd alone is at fault: that one who serves has vanished, or anything new while etcd is away. */
  readonly untrue: readonly string[];
  close(): void;
}

const idsOf = (instances: readonly Instance[]) => instances.map(({ id }) => id).join(' ');

/** Several registrars and watchers over one etcd in memory; all that happens to them is the plan's, or of its seed. */
export function createWorld(kit: Kit, clock: TestClock, { seed, network, serving }: Plan): World {
  const random = seededRandom(seed);
  const server = kit.createMemoryEtcd({ clock });
  const lives: Life[] = [];
  const untrue: string[] = [];
  let calmed = false;
  let wasMuted = false;
  /** From when on, by the clock, nobody can have heard of etcd for a while: it is away. */
  let quietFrom = Infinity;

  function fate(): Fate {
    const mostMs = calmed ? 20 : network.mostMs;
    const lost = random() * 100 < (calmed ? 0 : network.lost) && (random() < 0.5 ? 'request' : 'reply');
    const delays = { requestMs: 1 + random() * mostMs, replyMs: 1 + random() * mostMs };
    return lost === false ? delays : { ...delays, lost };
  }

  function createProcess(): SimProcess {
    const link: MemoryClient = server.connect({ fate });
    return createSimProcess({ clock, link, lateMs: () => random() * 10 });
  }

  function createCaller(): Caller {
    const process = createProcess();
    const watcher = kit.createWatcher({
      etcd: process.etcd,
      log: silent,
      clock: process.clock,
      random,
      leaseSeconds: LEASE_SECONDS,
    });
    const caller: Caller = { process, set: { listed: [], fading: [] }, known: new Set() };
    watcher.watch(SERVICE, (set) => {
      if (clock.monotonic() > quietFrom && idsOf(set.listed) !== idsOf(caller.set.listed)) {
        untrue.push(`[${idsOf(set.listed)}] at ${clock.monotonic()} while etcd was away`);
      }
      caller.set = set;
      const told = new Set([...set.listed, ...set.fading].map(({ id }) => id));
      for (const { instance, alive } of lives) {
        const { id } = instance;
        if (alive && caller.known.has(id) && !told.has(id)) untrue.push(`${id} vanished at ${clock.monotonic()}`);
      }
      for (const { id } of set.listed) caller.known.add(id);
      for (const life of lives) if (!life.alive) notice(life);
    });
    /** Its connection was refused, drains or hangs up; whoever only froze keeps its connection. */
    function notice({ instance: { id } }: Life): void {
      const fades = () => caller.set.fading.some((fading) => fading.id === id);
      if (fades()) process.clock.schedule(random() * NOTICED_MS, () => fades() && watcher.gone(SERVICE, id));
    }
    notices.push(notice);
    return caller;
  }

  function begin(slot: number): void {
    if (inSlot(slot) !== undefined) return;
    const process = createProcess();
    const id = `${slot}-${lives.length}`;
    const instance = { id, service: SERVICE, address: `10.0.0.${slot + 1}:9000`, metadata: {} };
    const registrar = kit.createRegistrar({
      etcd: process.etcd,
      instance,
      leaseSeconds: LEASE_SECONDS,
      log: silent,
      clock: process.clock,
      random,
    });
    lives.push({ instance, slot, process, registrar, alive: true });
    void registrar.start();
  }

  function end(life: Life, how: 'crash' | 'leave'): void {
    life.alive = false;
    if (how === 'crash') life.process.kill();
    else {
      life.process.thaw();
      void life.registrar.stop().then(() => life.process.kill());
    }
    for (const notice of notices) notice(life);
  }

  const inSlot = (slot: number) => lives.find((life) => life.alive && life.slot === slot);
  const keyOf = (slot: number) => grpcNaming.key(SERVICE, inSlot(slot)?.instance.id ?? 'nobody');

  const leaseOf = (slot: number) => server.store.list(keyOf(slot)).entries[0]?.leaseId;

  function revoke(slot: number): void {
    const leaseId = leaseOf(slot);
    if (leaseId !== undefined) server.store.revokeLease(leaseId);
  }

  /** Under its own lease: a key that was put without one outlives an owner who dies before it has healed it. */
  function alter(slot: number): void {
    const leaseId = leaseOf(slot);
    if (leaseId !== undefined) server.store.put(keyOf(slot), '{"Addr":"10.6.6.6:1"}', { leaseId });
  }

  function take(step: Step): void {
    const life = 'slot' in step ? inSlot(step.slot) : undefined;
    const caller = 'watcher' in step ? callers[step.watcher] : undefined;
    switch (step.op) {
      case 'begin':
        return begin(step.slot);
      case 'crash':
      case 'leave':
        return life && end(life, step.op);
      case 'freeze':
      case 'thaw':
        return life?.process[step.op]();
      case 'cut':
      case 'heal':
        return life?.process.etcd[step.op]();
      case 'delete':
        return void server.store.delete(keyOf(step.slot));
      case 'alter':
        return alter(step.slot);
      case 'revoke':
        return revoke(step.slot);
      case 'cut watcher':
        return caller?.process.etcd.cut();
      case 'heal watcher':
        return caller?.process.etcd.heal();
      case 'freeze watcher':
        return caller?.process.freeze();
      case 'thaw watcher':
        return caller?.process.thaw();
      case 'stop':
        quietFrom = Math.min(quietFrom, clock.monotonic() + 2 * network.mostMs + 100);
        return server.stop();
      case 'start':
        quietFrom = Infinity;
        return server.start();
      case 'empty':
      case 'restored':
        quietFrom = Infinity;
        server.stop();
        return server.start(step.op);
      case 'compact':
        return server.compact();
      case 'backup':
        return server.backUp();
      case 'mute':
        wasMuted = true;
        return server.muteWatches(true);
      case 'unmute':
        return server.muteWatches(false);
      case 'wait':
        throw new Error('time is not ours');
    }
  }

  const notices: ((life: Life) => void)[] = [];
  const callers = Array.from({ length: WATCHERS }, createCaller);
  for (let slot = 0; slot < serving; slot += 1) begin(slot);

  return {
    server,
    callers,
    lives,
    untrue,
    take,
    get wasMuted() {
      return wasMuted;
    },
    calm() {
      calmed = true;
      quietFrom = Infinity;
      server.muteWatches(false);
      server.start();
      for (const { process, alive } of lives) {
        if (!alive) continue;
        process.thaw();
        process.etcd.heal();
      }
      for (const { process } of callers) {
        process.thaw();
        process.etcd.heal();
      }
    },
    close: () => server.close(),
  };
}
