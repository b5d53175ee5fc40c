import { readFile } from 'node:fs/promises';
import { run } from './run.ts';

/** What tells a process from a later one with the same id; `undefined` if there is no such process. */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    // Field 22 is the start time; the name in field 2 may hold spaces and brackets. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const [state, ...fields] = status?.slice(status.lastIndexOf(')') + 2).split(' ') ?? [];
    const started = fields[18];
    // A zombie is gone, even where nobody buries it.
    return state === 'Z' || state === 'X' || started === undefined ? undefined : `${boot.trim()}:${started}`;
  }
  const started = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return started.code === 0 ? started.output.trim() : undefined;
}
