import { setTimeout as sleep } from 'node:timers/promises';
import { connectEtcd } from '@stampede/etcd';
import { createLogger } from '@stampede/telemetry';
import type { Program } from '../support/program.ts';
import type { Rig } from '../support/rig.ts';
import { durationOf, type Disturbance, type Wire } from './disturbance.ts';
import type { Keeper } from './keeper.ts';
import type { Supervisor } from './supervisor.ts';

export interface DisturbOptions {
  readonly rig: Rig;
  readonly keeper: Pick<Keeper, 'expect'>;
  readonly supervisor: Supervisor;
  /** A seeded pause, for each program that is killed with everything. */
  readonly pauseMs: () => number;
  /** Aborts when the run is broken off: everything is given back at once. */
  readonly signal: AbortSignal;
}

/** There was nothing to disturb: it is still on its way back from the last time. */
export class NotThereError extends Error {}

/** How long a program may take to leave on SIGTERM before that is a fault. */
const LEAVING_MS = 60_000;

/**
 * Does to the shop what the schedule says, and gives back what it took; resolves when that is done (for the supervisor: when the shop is
 * open again).
 *
 * @throws NotThereError
 */
export async function disturb(disturbance: Disturbance, options: DisturbOptions): Promise<void> {
  const { rig, keeper, supervisor, pauseMs, signal } = options;
  const lasting = () => sleep(durationOf(disturbance), undefined, { signal }).catch(() => undefined);

  function running(name: string): Program {
    const program = rig.program(name);
    if (program.pid === undefined) throw new NotThereError(`${name} does not run`);
    return program;
  }

  function linkOf({ program, wire }: { readonly program: string; readonly wire: Wire }) {
    const link = rig.links.get(program)?.[wire];
    if (link === undefined) throw new TypeError(`${program} has no wire ${wire}`);
    return link;
  }

  async function frozen(pids: readonly number[]): Promise<void> {
    pids.forEach(signalTo('SIGSTOP'));
    await lasting();
    pids.forEach(signalTo('SIGCONT'));
  }

  switch (disturbance.kind) {
    case 'kill': {
      const program = running(disturbance.program);
      keeper.expect(program, disturbance.downMs);
      return program.kill();
    }
    case 'stop':
    case 'restart': {
      const program = running(disturbance.program);
      keeper.expect(program, disturbance.downMs);
      const late = sleep(LEAVING_MS, 'late', { ref: false });
      if ((await Promise.race([program.stop(), late])) !== 'late') return;
      await program.kill();
      throw new Error(`${program.name} did not leave within ${LEAVING_MS} ms of SIGTERM`);
    }
    case 'freeze': {
      const { pid } = running(disturbance.program);
      return frozen(pid === undefined ? [] : [pid]);
    }
    case 'cut': {
      const link = linkOf(disturbance);
      link.cut();
      await lasting();
      link.heal();
      return;
    }
    case 'freeze-link': {
      const link = linkOf(disturbance);
      link.freeze();
      await lasting();
      link.thaw();
      return;
    }
    case 'delay': {
      const link = linkOf(disturbance);
      link.delay(disturbance.byMs);
      await lasting();
      link.delay(0);
      return;
    }
    case 'kill-postgres':
      (await postgres(rig)).forEach(signalTo('SIGKILL'));
      return;
    case 'kill-backend': {
      const [, ...backends] = await postgres(rig);
      const victim = backends[Math.floor(disturbance.which * backends.length)];
      if (victim !== undefined) signalTo('SIGKILL')(victim);
      return;
    }
    case 'freeze-postgres':
      return frozen(await postgres(rig));
    case 'kill-etcd':
      etcd(rig).forEach(signalTo('SIGKILL'));
      return;
    case 'freeze-etcd':
      return frozen(etcd(rig));
    case 'kill-supervisor':
      if (!supervisor.open) throw new NotThereError('the supervisor is still starting');
      return supervisor.killFor(disturbance.downMs);
    case 'kill-everything': {
      if (!supervisor.open) throw new NotThereError('the supervisor is still starting');
      const pids = [...(await postgres(rig).catch(() => [])), ...etcd(rig)];
      for (const program of rig.programs.filter(({ pid }) => pid !== undefined)) {
        keeper.expect(program, pauseMs());
        program.signal('SIGKILL');
      }
      pids.forEach(signalTo('SIGKILL'));
      return supervisor.killFor(disturbance.downMs);
    }
    case 'configure':
      await configure(rig, disturbance.key, disturbance.value);
      await lasting();
      return configure(rig, disturbance.key, undefined);
  }
}

async function postgres(rig: Rig): Promise<readonly number[]> {
  try {
    return await rig.postgresPids();
  } catch (error) {
    throw new NotThereError('Postgres does not run', { cause: error });
  }
}

function etcd(rig: Rig): number[] {
  try {
    return [rig.etcdPid()];
  } catch (error) {
    throw new NotThereError('etcd does not run', { cause: error });
  }
}

function signalTo(signal: NodeJS.Signals): (pid: number) => void {
  return (pid) => {
    try {
      process.kill(pid, signal);
    } catch {
      // it is gone already
    }
  };
}

const WHAT_IS_SHIPPED = 256;

async function configure(rig: Rig, key: string, value: number | undefined): Promise<void> {
  const log = createLogger({ service: 'chaos', instance: String(process.pid), level: 'fatal' });
  const client = connectEtcd({ endpoints: [rig.etcdEndpoint()], log });
  try {
    await client.put(`/config/${key}`, JSON.stringify(value ?? WHAT_IS_SHIPPED));
  } catch (error) {
    throw new NotThereError('etcd does not answer', { cause: error });
  } finally {
    await client.close();
  }
}
