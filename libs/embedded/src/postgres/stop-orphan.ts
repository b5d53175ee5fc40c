import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedLog } from '../embedded-log.ts';
import { pidInFile, postgresProcesses } from './processes.ts';

/**
 * Ends what a killed starter left running in this cluster, and takes away a postmaster.pid that Postgres itself might misread: after a
 * restart of the machine (or container) its number may belong to another program, and Postgres would refuse to start.
 */
export async function stopOrphan(cluster: string, log: EmbeddedLog): Promise<void> {
  const postmaster = await pidInFile(cluster);
  const left = await postgresProcesses(cluster);
  if (left.length > 0) {
    log.info({ postmaster, processes: left.length }, 'stopping the Postgres that an earlier run left behind');
    for (const pid of left) send(pid, 'SIGCONT');
    if (postmaster !== undefined && left.includes(postmaster)) {
      send(postmaster, 'SIGINT');
      if (!(await ended(cluster, 10_000))) send(postmaster, 'SIGQUIT');
    }
    // Without their postmaster the others end by themselves.
    if (!(await ended(cluster, 5_000))) for (const pid of await postgresProcesses(cluster)) send(pid, 'SIGKILL');
    if (!(await ended(cluster, 5_000))) throw new Error(`a Postgres that works in ${cluster} cannot be stopped`);
  }
  await rm(join(cluster, 'postmaster.pid'), { force: true });
}

async function ended(cluster: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while ((await postgresProcesses(cluster)).length > 0) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
