import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { findAccount } from './account.ts';
import { usableBinaries } from './binaries.ts';
import { claimFolder } from '../process/claim-folder.ts';
import { clusterPlace, markMade } from './cluster-place.ts';
import { silent, type EmbeddedLog } from '../embedded-log.ts';
import { ensureDatabases } from './ensure-databases.ts';
import { initCluster } from './init-cluster.ts';
import { loadPasswords } from './passwords.ts';
import { startPostmaster } from './postmaster.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';
import { stopOrphan } from './stop-orphan.ts';

export interface EmbeddedPostgresOptions {
  /** The folder of all that is kept: the cluster (or a link to it), the passwords, the log. Made if missing. */
  readonly dataDir: string;
  /** A database and a role for each of these names. */
  readonly databases: readonly string[];
  /** 127.0.0.1 if absent. */
  readonly host?: string;
  /** 0, any free one, if absent. */
  readonly port?: number;
  /** Added to, and winning over, `DEFAULT_SETTINGS`. */
  readonly settings?: Settings;
  readonly log?: EmbeddedLog;
}

export interface EmbeddedPostgres {
  /** The postmaster's process id. */
  readonly pid: number;
  /** `postgres://role:password@host:port/database` of one of the databases, as its owner. Throws for a name that was not asked for. */
  url(database: string): string;
  /** The same as superuser, for any database; `postgres` if absent. */
  adminUrl(database?: string): string;
  /** Resolves when the server has ended, asked for or not: whoever watches over it may start it again. */
  readonly exited: Promise<void>;
  /** Cuts clients off, writes everything out, ends the server. */
  stop(): Promise<void>;
}

const SUPERUSER = 'postgres';

/**
 * A real Postgres of one's own, on loopback, as root as well as an ordinary user. The first start makes the cluster; a start after a crash
 * or a SIGKILL takes over what it finds, a server still running in it included, and recovers it.
 *
 * @throws DataDirInUseError when a living process runs the Postgres of this folder already.
 * @example const postgres = await startEmbeddedPostgres({ dataDir: '.stampede/postgres', databases: ['order'] }); postgres.url('order');
 */
export async function startEmbeddedPostgres({
  dataDir: folder,
  databases,
  host = '127.0.0.1',
  port = 0,
  settings = {},
  log = silent,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(folder, { recursive: true });
  const dataDir = await realpath(folder);
  const unclaim = await claimFolder(dataDir);
  try {
    const account = await findAccount(join(dataDir, 'cluster'));
    const [binaries, cluster] = await Promise.all([
      usableBinaries(account, dataDir, log),
      clusterPlace(dataDir, account, log),
    ]);
    await stopOrphan(cluster, log);
    const passwords = await loadPasswords(dataDir, [SUPERUSER, ...databases]);
    const all = { ...DEFAULT_SETTINGS, ...settings };
    const superuserPassword = passwords[SUPERUSER] ?? '';
    await initCluster({ binaries, cluster, account, superuserPassword, durable: all['fsync'] === 'on', log });
    await markMade(dataDir);
    const server = await startPostmaster({ binaries, cluster, account, host, port, settings: all, dataDir, log });

    const url = (role: string, database: string) => {
      const [user, password, name] = [role, passwords[role] ?? '', database].map(encodeURIComponent);
      return `postgres://${user}:${password}@${host}:${server.port}/${name}`;
    };
    const exited = server.exited.then(unclaim);
    try {
      await ensureDatabases(url(SUPERUSER, 'postgres'), databases, passwords);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return {
      pid: server.pid,
      exited,
      async stop() {
        await server.stop();
        await exited;
      },
      url(database) {
        if (!databases.includes(database)) throw new Error(`no database "${database}" was asked for`);
        return url(database, database);
      },
      adminUrl: (database = 'postgres') => url(SUPERUSER, database),
    };
  } catch (error) {
    await unclaim();
    throw error;
  }
}
