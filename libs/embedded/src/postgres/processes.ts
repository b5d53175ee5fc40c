import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './run.ts';

/** What tells a process from a later one with the same id; `undefined` if there is no such process. */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    // Field 22 is the start time; the name in field 2 may hold spaces and brackets. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const started = status?.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    return started && `${boot.trim()}:${started}`;
  }
  const started = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return started.code === 0 ? started.output.trim() : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The ids of the Postgres processes that work in this very cluster: each has it as its working folder. Where there is no /proc, only the
 * postmaster that the cluster's own pid file names, if its command line names the cluster.
 */
export async function postgresProcesses(cluster: string): Promise<number[]> {
  const folder = await realpath(cluster).catch(() => undefined);
  if (folder === undefined) return [];
  if (process.platform === 'linux') {
    const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const ours = await Promise.all(
      ids.map(async (id) => {
        const [cwd, exe] = await Promise.all(
          ['cwd', 'exe'].map((link) => readlink(join('/proc', id, link)).catch(() => '')),
        );
        return cwd === folder && basename(exe?.replace(/ \(deleted\)$/, '') ?? '') === 'postgres';
      }),
    );
    return ids.filter((_, index) => ours[index]).map(Number);
  }
  const pid = await pidInFile(cluster);
  if (pid === undefined || !isAlive(pid)) return [];
  const command = await run('ps', ['-o', 'command=', '-p', String(pid)]);
  return command.output.includes('postgres') && command.output.includes(cluster) ? [pid] : [];
}

/** The postmaster that postmaster.pid names, alive or not. */
export async function pidInFile(cluster: string): Promise<number | undefined> {
  const [first] = await pidFile(cluster);
  const pid = Number(first);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

/** The lines of postmaster.pid: pid, folder, start time, port, socket folder, address, shared memory, status. */
export async function pidFile(cluster: string): Promise<string[]> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.trim());
}
