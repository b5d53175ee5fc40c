import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, readlink, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SYSTEM_FOLDER } from './binaries.ts';
import type { EmbeddedLog } from '../embedded-log.ts';
import { exists } from './exists.ts';
import { rememberHome, removeElsewhere, removeForgotten } from './forgotten-clusters.ts';
import { run, type Account } from '../process/run.ts';
import { stopOrphan } from './stop-orphan.ts';

/**
 * Where the cluster of `dataDir` lives: in it, as `cluster`; or, where root's account for Postgres cannot reach `dataDir` (below /root, or
 * a `mktemp -d`), in /var/lib/stampede/clusters, and `cluster` is a link to it. The folder itself may not exist yet, the one around it does.
 */
export async function clusterPlace(dataDir: string, account: Account | undefined, log: EmbeddedLog): Promise<string> {
  const place = join(dataDir, 'cluster');
  const status = await lstat(place).catch(() => undefined);
  if (status?.isSymbolicLink() === true) return linked(dataDir, await readlink(place));
  const reachable = account === undefined || (await run('test', ['-x', dataDir], account)).code === 0;
  if (reachable) return place;
  if (status !== undefined) {
    throw new Error(
      `${place} belongs to an earlier run, but the account Postgres runs as (${account.name}) cannot reach it: open its parent folders to others (chmod o+x), or start as the user who made it`,
    );
  }

  const elsewhere = systemPlace(await realpath(dataDir));
  await mkdir(dirname(elsewhere), { recursive: true, mode: 0o755 });
  await removeForgotten(dirname(elsewhere), log);
  await setAside(elsewhere, log);
  await rememberHome(elsewhere, dataDir);
  await symlink(elsewhere, place);
  log.info(
    { dataDir, cluster: elsewhere, account: account.name },
    'the account of Postgres cannot reach the data folder: its cluster lives elsewhere',
  );
  return elsewhere;
}

/** Removes the embedded Postgres of `dataDir`, its cluster wherever it lives included; what still runs there is stopped. */
export async function removeEmbeddedPostgres(dataDir: string, log: EmbeddedLog): Promise<void> {
  const place = join(dataDir, 'cluster');
  const target = await readlink(place).catch(() => place);
  await stopOrphan(target, log);
  if (target !== place) await removeElsewhere(target);
  await rm(dataDir, { recursive: true, force: true });
}

/** A file that is there once the cluster was made: from then on its absence is a loss, not a beginning. */
const MADE = 'made';

export async function markMade(dataDir: string): Promise<void> {
  await writeFile(join(dataDir, MADE), '');
}

/** Makes the folder of a cluster to be: ours alone, or its account's. */
export async function makeFolder(path: string, account: Account | undefined): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

function systemPlace(dataDir: string): string {
  return join(SYSTEM_FOLDER, 'clusters', createHash('sha256').update(dataDir).digest('hex').slice(0, 24));
}

async function linked(dataDir: string, cluster: string): Promise<string> {
  if ((await exists(join(dataDir, MADE))) && !(await exists(cluster))) {
    throw new Error(
      `the data of ${dataDir} was in ${cluster}, which is gone: restore it, or remove ${dataDir} to start anew`,
    );
  }
  await mkdir(dirname(cluster), { recursive: true, mode: 0o755 });
  await rememberHome(cluster, dataDir); // it may have been moved
  return cluster;
}

/** A data folder that was removed and made anew does not find its old data again; they are kept once, for whoever moved the folder away. */
async function setAside(cluster: string, log: EmbeddedLog): Promise<void> {
  if (!(await exists(cluster))) return;
  await stopOrphan(cluster, log);
  const aside = `${cluster}.abandoned`;
  await rm(aside, { recursive: true, force: true });
  await rename(cluster, aside);
  log.warn({ cluster, aside }, 'the data folder is a new one: set the cluster of its predecessor aside');
}
