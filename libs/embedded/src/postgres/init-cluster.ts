import { randomUUID } from 'node:crypto';
import { chown, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { makeFolder } from './cluster-place.ts';
import type { EmbeddedLog } from '../embedded-log.ts';
import { exists } from './exists.ts';
import { run, type Account } from '../process/run.ts';

export interface InitClusterOptions {
  readonly binaries: Binaries;
  readonly cluster: string;
  readonly account: Account | undefined;
  readonly superuserPassword: string;
  /** Whether initdb waits until all is on disk; only a test's cluster may do without. */
  readonly durable: boolean;
  readonly log: EmbeddedLog;
}

/**
 * Makes the cluster if there is none. It is made beside its place and renamed into it when whole, so one that stands in its place is whole;
 * what a killed run left half made is removed.
 */
export async function initCluster({
  binaries,
  cluster,
  account,
  superuserPassword,
  durable,
  log,
}: InitClusterOptions): Promise<void> {
  const around = dirname(cluster);
  const draftPrefix = `${basename(cluster)}.init-`;
  for (const name of await readdir(around)) {
    if (name.startsWith(draftPrefix)) await rm(join(around, name), { recursive: true, force: true });
  }
  if (await exists(join(cluster, 'PG_VERSION'))) return;
  if (await exists(cluster)) {
    const aside = `${cluster}.broken-${randomUUID()}`;
    await rename(cluster, aside);
    log.warn({ cluster, aside }, 'this is no whole Postgres cluster: set it aside, making a new one');
  }

  const draft = join(around, `${draftPrefix}${randomUUID()}`);
  const passwordFile = `${draft}.password`;
  try {
    await makeFolder(draft, account);
    await writeFile(passwordFile, `${superuserPassword}\n`, { mode: 0o600 });
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    const made = await run(
      binaries.initdb,
      [
        `--pgdata=${draft}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The same order of text on every machine, whatever its libc. https://www.postgresql.org/docs/18/locale.html#LOCALE-PROVIDERS
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--data-checksums',
        ...(durable ? [] : ['--no-sync']),
      ],
      account,
    );
    if (made.code !== 0) throw new Error(`initdb failed: ${made.output.trim()}`);
    await rename(draft, cluster);
    if (durable) await syncFolder(around);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}
