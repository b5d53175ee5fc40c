import { readFile } from 'node:fs/promises';
import type { Rig } from '../support/rig.ts';
import { describe, durationOf, type ChaosEvent } from './disturbance.ts';

/** A failure so long after an event may still be its doing. */
const AFTERMATH_MS = 15_000;

/** How many there are of each. */
export function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The last event that had begun before, unless it was over long ago. `at` counts from the beginning, in ms. */
export function causeOf(at: number, schedule: readonly ChaosEvent[]): string {
  const cause = schedule.findLast((event) => event.at <= at && at <= event.at + durationOf(event) + AFTERMATH_MS);
  return cause === undefined ? 'nothing' : `${(cause.at / 1_000).toFixed(1)} s ${describe(cause)}`;
}

/** Resident memory of each program that runs, in MiB. */
export async function memoryOf({ programs }: Pick<Rig, 'programs'>): Promise<Readonly<Record<string, number>>> {
  const read = async (name: string, pid: number) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return [name, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)] as const;
  };
  return Object.fromEntries(
    await Promise.all(programs.flatMap(({ name, pid }) => (pid === undefined ? [] : [read(name, pid)]))),
  );
}
