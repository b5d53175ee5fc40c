import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface TestPostgresOptions {
  /** A database and a role for each of these names; none if absent. */
  readonly databases?: readonly string[];
  /** Added to the settings of @stampede/embedded, which keep every commit. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface TestPostgres {
  /** The superuser's URL, on the database `postgres`. */
  readonly adminUrl: string;
  /** The URL of each database that was asked for, as its owner. */
  readonly urls: Readonly<Record<string, string>>;
  /** The postmaster's process id. */
  readonly pid: number;
  /** Lets go of it; the server ends soon after, as it does when this process ends. */
  release(): void;
  /** Ends it; resolves when the server is gone, and its folder with it. */
  stop(): Promise<void>;
}

type Started = Pick<TestPostgres, 'adminUrl' | 'urls' | 'pid'>;
type Message = Started | { readonly failure: string };

/** What a test loses in a power cut nobody misses. */
export const CARELESS = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', autovacuum_naptime: '10s' };

/** Starts a throw-away Postgres that does not outlive this process, whatever ends it. */
export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const file = fileURLToPath(new URL('./postgres-keeper.ts', import.meta.url));
  const keeper = fork(file, [JSON.stringify(options)], {
    execArgv: [],
    detached: true,
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  keeper.once('message', (message: Message) => {
    if ('adminUrl' in message) resolve(message);
    else reject(new Error(message.failure));
  });
  keeper.once('error', reject);
  keeper.once('exit', (code) => reject(new Error(`the test Postgres ended with code ${code}`)));
  const started = await promise;
  keeper.unref();
  keeper.channel?.unref();
  return {
    ...started,
    release: () => keeper.disconnect(),
    async stop() {
      if (keeper.exitCode !== null || keeper.signalCode !== null) return;
      keeper.ref();
      const ended = once(keeper, 'exit');
      if (keeper.connected) keeper.disconnect();
      await ended;
    },
  };
}
