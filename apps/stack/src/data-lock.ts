import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@stampede/errors';

/** Who holds a data folder. A pid alone is not enough: after a SIGKILL of everything it may be somebody else's. */
interface Holder {
  readonly pid: number;
  /** Clock ticks between the machine's boot and the process's start (proc(5), stat field 22); absent where there is no /proc. */
  readonly startedAt: string | undefined;
}

/**
 * Takes a data folder for this process, so that no two stacks ever run on one set of files. Throws FAILED_PRECONDITION/ALREADY_RUNNING
 * while another live process holds it; a lock that a killed process left is taken over.
 * @returns what gives the folder back.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const file = path.join(dataDir, 'supervisor.lock');
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) } satisfies Holder), {
    mode: 0o600,
  });
  for (;;) {
    try {
      await link(mine, file);
      await rm(mine);
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(dataDir);
    if (holder !== undefined) {
      await rm(mine);
      throw new AppError(
        'FAILED_PRECONDITION',
        'ALREADY_RUNNING',
        `a stack already runs on ${dataDir} (process ${holder.pid}); set STAMPEDE_DATA and PORT to run another`,
      );
    }
    await rm(file, { force: true });
  }
}

/** The live process that holds a data folder. */
export async function holderOf(dataDir: string): Promise<{ readonly pid: number } | undefined> {
  let holder: Partial<Holder>;
  try {
    holder = JSON.parse(await readFile(path.join(dataDir, 'supervisor.lock'), 'utf8')) as Partial<Holder>;
  } catch {
    return undefined;
  }
  const { pid, startedAt } = holder;
  if (pid === undefined || pid === process.pid || !isAlive(pid)) return undefined;
  return startedAt === startOf(pid) ? { pid } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
