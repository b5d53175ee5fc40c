import { spawn } from 'node:child_process';

/** The user and group that Postgres runs as when we are root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

export interface Finished {
  /** 0 is success; `undefined` when it could not be started at all, or died of a signal. */
  readonly code: number | undefined;
  /** Standard output and standard error, as they came; or why it could not be started. */
  readonly output: string;
}

/** Only what the binaries need: a stray PGDATA or PGOPTIONS of the caller's must not steer a server of ours. */
export const cleanEnvironment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Runs a program to its end, as `account` if one is given, from `/` (the caller's folder may be closed to that account). Never rejects. */
export function run(file: string, args: readonly string[], account?: Account): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>();
  const child = spawn(file, args, {
    cwd: '/',
    env: cleanEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  let output = '';
  const collect = (chunk: Buffer) => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.once('error', (error) => resolve({ code: undefined, output: error.message }));
  child.once('close', (code) => resolve({ code: code ?? undefined, output }));
  return promise;
}
