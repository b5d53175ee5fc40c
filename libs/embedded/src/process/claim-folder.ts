import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from './identity-of.ts';

/** Thrown when another living process uses a data folder: two on one set of files would ruin it. */
export class DataDirInUseError extends Error {
  override readonly name = 'DataDirInUseError';
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(`${dataDir} is in use by process ${pid}: stop that one first, or use another data folder`);
    this.pid = pid;
  }
}

interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/**
 * Takes a folder for this process, with `owner.json` in it; the returned function gives it back. What a process that is gone has left counts
 * for nothing.
 *
 * @throws DataDirInUseError while another living process has it.
 */
export async function claimFolder(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, 'owner.json');
  const mine = JSON.stringify({ pid: process.pid, identity: await identityOf(process.pid) });
  for (;;) {
    if (await createWhole(path, mine)) return () => rm(path, { force: true });
    const owner = await ownerOf(dataDir);
    if (owner !== undefined) throw new DataDirInUseError(dataDir, owner);
    await rm(path, { force: true });
  }
}

/** The id of the living process that has taken a folder. */
export async function ownerOf(dataDir: string): Promise<number | undefined> {
  const owner = await read(join(dataDir, 'owner.json'));
  return owner !== undefined && (await identityOf(owner.pid)) === owner.identity ? owner.pid : undefined;
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
