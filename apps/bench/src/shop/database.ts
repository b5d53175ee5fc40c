import { connectDatabase, type Database } from '@stampede/postgres';
import { startTestPostgres, type TestPostgres } from '@stampede/testing';
import type { BenchOptions } from '../bench.ts';

/** The databases of our services, and of the peer's. */
export const OURS = ['user', 'inventory', 'order', 'payment'] as const;
export const THEIRS = ['conventional_inventory', 'conventional_order', 'conventional_payment'] as const;

export interface BenchPostgres extends TestPostgres {
  /** Works with one of its databases, and lets go of it. */
  within<T>(database: string, work: (database: Database) => Promise<T>): Promise<T>;
  /** Checkpoints that it has finished so far. */
  checkpoints(): Promise<number>;
  /** What commits are worth here; in every report. */
  settings(): Promise<Record<string, string>>;
}

/** As often as Postgres lets them be: a minute has two, and what they cost. */
const CHECKPOINTS = { checkpoint_timeout: '30s' };
const PATIENCE_MS = 300_000;

/** The one Postgres that every shop of a bench stands on: all of its commits are durable. */
export async function startDatabase({ scope, signal }: Pick<BenchOptions, 'scope' | 'signal'>): Promise<BenchPostgres> {
  const server = await startTestPostgres({ databases: [...OURS, ...THEIRS], settings: CHECKPOINTS });
  scope.defer(() => server.stop());
  signal.throwIfAborted();

  async function within<T>(name: string, work: (database: Database) => Promise<T>): Promise<T> {
    const url = new URL(server.adminUrl);
    url.pathname = `/${name}`;
    const options = { url: url.href, applicationName: 'bench', max: 1, statementTimeoutMs: PATIENCE_MS };
    const database = connectDatabase(options);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }

  return {
    ...server,
    within,
    checkpoints: () =>
      within('postgres', async (database) => {
        const [row] = await database.query<{ done: number }>('SELECT num_done AS done FROM pg_stat_checkpointer');
        return row?.done ?? 0;
      }),
    settings: () =>
      within('postgres', async (database) => {
        const rows = await database.query<{ name: string; setting: string }>(
          `SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes')`,
        );
        return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
      }),
  };
}
