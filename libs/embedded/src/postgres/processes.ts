import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../process/run.ts';

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
