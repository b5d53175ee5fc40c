import { readFileSync, readdirSync } from 'node:fs';

/** The processes on this machine that belong to a stack: those whose environment or command line names its data folder. */
export function processesOf(dataDir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => {
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
        const mine = command.includes(dataDir) || environment.includes(`STAMPEDE_DATA=${dataDir}`);
        return mine && command !== '' ? [{ pid: Number(entry), command }] : [];
      } catch {
        return [];
      }
    });
}

/** The processes that a process started and that still run. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        // After the name, which may hold anything, in parentheses: state, parent.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}
