import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface TestPostgres {
  /** The superuser's URL, on the database `postgres`. */
  readonly adminUrl: string;
  /** Lets go of it; the server ends soon after, as it does when this process ends. */
  release(): void;
}

type Message = { readonly adminUrl: string } | { readonly failure: string };

/** Starts a throw-away Postgres that does not outlive this process, whatever ends it. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const keeper = fork(fileURLToPath(new URL('./postgres-keeper.ts', import.meta.url)), [], {
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  keeper.once('message', (message: Message) => {
    if ('adminUrl' in message) resolve(message.adminUrl);
    else reject(new Error(message.failure));
  });
  keeper.once('error', reject);
  keeper.once('exit', (code) => reject(new Error(`the test Postgres ended with code ${code}`)));
  const adminUrl = await promise;
  keeper.unref();
  keeper.channel?.unref();
  return { adminUrl, release: () => keeper.disconnect() };
}
