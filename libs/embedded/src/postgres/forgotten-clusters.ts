import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import type { EmbeddedLog } from '../embedded-log.ts';
import { exists } from './exists.ts';
import { stopOrphan } from './stop-orphan.ts';

/** Notes beside a cluster outside of its data folder whose it is. */
export function rememberHome(cluster: string, dataDir: string): Promise<void> {
  return writeFile(`${cluster}.home`, dataDir);
}

/** Everything of a cluster that lives outside of its data folder. */
export async function removeElsewhere(cluster: string): Promise<void> {
  for (const suffix of ['', '.abandoned', '.home']) await rm(`${cluster}${suffix}`, { recursive: true, force: true });
}

/**
 * Removes the clusters of temporary data folders that are gone, as tests leave them. Others stay: their folder may have been moved, and
 * be started again.
 */
export async function removeForgotten(clusters: string, log: EmbeddedLog): Promise<void> {
  for (const name of await readdir(clusters)) {
    if (!name.endsWith('.home')) continue;
    const cluster = join(clusters, name.slice(0, -'.home'.length));
    const home = await readFile(`${cluster}.home`, 'utf8').catch(() => '');
    if (!home.startsWith(`${tmpdir()}${sep}`) || (await exists(home))) continue;
    await stopOrphan(cluster, log);
    await removeElsewhere(cluster);
    log.info({ cluster, home }, 'removed the cluster of a temporary data folder that is gone');
  }
}
