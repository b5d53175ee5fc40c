import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, withoutVitest } from './stack.ts';

export type AppName = 'user' | 'inventory' | 'payment' | 'order' | 'gateway';

export interface ProgramOptions {
  /** `inventory-2`; names its log. */
  readonly name: string;
  readonly app: AppName;
  readonly logDir: string;
  /** Of every start. */
  readonly env: NodeJS.ProcessEnv;
  /** 60,000 if absent. */
  readonly startTimeoutMs?: number;
}

/** One process of the shop, in the hands of a test. */
export interface Program {
  readonly name: string;
  readonly app: AppName;
  readonly pid: number | undefined;
  /** Its name among the instances of its app, a new one each start; empty before the first. */
  readonly instance: string;
  /** How it ended last: `SIGKILL`, `code 0`; undefined while it runs. */
  readonly ended: string | undefined;
  /** Starts it, with more environment for this once; resolves when it says that it serves, rejects if it ends first. */
  start(env?: NodeJS.ProcessEnv): Promise<void>;
  /** Resolves with how it ends; at once if it does not run. */
  exited(): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves once it is gone, with how it ended. */
  stop(): Promise<string>;
  /** SIGSTOP: it does nothing, and its connections stay. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

const START_TIMEOUT_MS = 60_000;

export function createProgram({ name, app, logDir, env, startTimeoutMs = START_TIMEOUT_MS }: ProgramOptions): Program {
  let child: ChildProcess | undefined;
  let how: Promise<string> = Promise.resolve('it was not started');
  let ended: string | undefined = 'it was not started';
  let instance = '';

  return {
    name,
    app,
    get pid() {
      return ended === undefined ? child?.pid : undefined;
    },
    get instance() {
      return instance;
    },
    get ended() {
      return ended;
    },
    async start(more = {}) {
      const log = createWriteStream(path.join(logDir, `${name}.log`), { flags: 'a' });
      const started = spawn(process.execPath, [path.join(ROOT, 'apps', app, 'src', 'main.ts')], {
        cwd: ROOT,
        env: { ...withoutVitest(process.env), ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      ended = undefined;
      how = once(started, 'exit').then(([code, signal]) => {
        ended = (signal as string | null) ?? `code ${String(code)}`;
        return ended;
      });
      const serves = Promise.withResolvers<undefined>();
      let said = '';
      started.stderr.pipe(log, { end: false });
      started.stdout.pipe(log, { end: false });
      const listen = (chunk: Buffer) => {
        said += chunk.toString();
        if (!said.includes('"msg":"serving"')) return;
        started.stdout.off('data', listen);
        instance = /"instance":"([^"]+)"/.exec(said)?.[1] ?? '';
        serves.resolve(undefined);
      };
      started.stdout.on('data', listen);
      const late = `it did not serve within ${startTimeoutMs} ms`;
      const tooLate = sleep(startTimeoutMs, late, { ref: false });
      const trouble = await Promise.race([serves.promise, how, tooLate]);
      if (trouble !== undefined) throw new Error(`${name}: ${trouble}\n${said.slice(-4_000)}`);
    },
    exited: () => how,
    signal: (signal) => void child?.kill(signal),
    async kill() {
      child?.kill('SIGKILL');
      await how;
    },
    async stop() {
      child?.kill('SIGTERM');
      return how;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
}
