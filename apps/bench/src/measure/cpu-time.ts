import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** What `/proc/<pid>/stat` says of a process; times in clock ticks, of all its threads. See proc_pid_stat(5). */
export interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  /** Of its children that ended and were waited for. */
  readonly ofEndedChildren: number;
}

/** Reads a line of `/proc/<pid>/stat`. The name, in brackets, may hold spaces and brackets of its own. */
export function parseStat(line: string): ProcessTimes {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]); // numbered as in the manual, which begins with the pid and the name
  return { parent: field(4), own: field(14) + field(15), ofEndedChildren: field(16) + field(17) };
}

/** A process, by the name it is reported under. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  /** Whether its children count as its own, ended ones too: Postgres. */
  readonly withChildren?: boolean;
}

/** Microseconds of CPU that each has used since it began, user and system; what shares a name adds up, what is gone is 0. */
export function cpuMicros(watched: readonly Watched[]): Record<string, number> {
  const used: Record<string, number> = {};
  for (const { name, pid, withChildren = false } of watched) {
    const times = read(pid);
    let ticks = times?.own ?? 0;
    if (withChildren)
      ticks += (times?.ofEndedChildren ?? 0) + childrenOf(pid).reduce((sum, child) => sum + child.own, 0);
    used[name] = (used[name] ?? 0) + ticks * tickMicros();
  }
  return used;
}

/** How much more each used, in µs for each of `operations`. */
export function microsPerOperation(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  operations: number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / operations] as const),
  );
}

function childrenOf(pid: number): ProcessTimes[] {
  return readdirSync('/proc').flatMap((entry) => {
    const times = /^\d+$/.test(entry) ? read(Number(entry)) : undefined;
    return times?.parent === pid ? [times] : [];
  });
}

function read(pid: number): ProcessTimes | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

let tick: number | undefined;

function tickMicros(): number {
  tick ??= 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }));
  return tick;
}
