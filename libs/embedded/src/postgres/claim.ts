import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from './processes.ts';

/**
 * Thrown when another living process runs the Postgres of this data folder: stopping it would pull it from under that process.
 */
export class DataDirInUseError extends Error {
  override readonly name = 'DataDirInUseError';
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(`the Postgres in ${dataDir} is run by process ${pid}: stop that one first, or use another data folder`);
    this.pid = pid;
  }
}

interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/** Marks the data folder as run by this process; the returned function takes the mark away. A mark of a process that is gone counts for nothing. */
export async function claim(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, 'owner.json');
  const mine = JSON.stringify({ pid: process.pid, identity: await identityOf(process.pid) });
  for (;;) {
    if (await createWhole(path, mine)) return () => rm(path, { force: true });
    const owner = await read(path);
    if (owner !== undefined && (await identityOf(owner.pid)) === owner.identity) {
      throw new DataDirInUseError(dataDir, owner.pid);
    }
    await rm(path, { force: true });
  }
}

/** Creates the file with all its content or, if it is there, not at all: nobody ever reads half of it. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined; // gone in the meantime
  }
}
