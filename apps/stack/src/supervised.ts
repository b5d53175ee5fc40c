import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@stampede/errors';
import { systemClock } from '@stampede/lifecycle';

/** A program that the supervisor keeps running. */
export interface Program {
  /** Names the process and its log: `inventory-2`. */
  readonly name: string;
  /** Absolute path of the file that Node runs. */
  readonly entry: string;
  readonly nodeOptions?: readonly string[];
  /** The environment of the next start; told what the process said when it was ready last time. */
  env(lastReady: unknown): NodeJS.ProcessEnv;
  /** Whether the process says over IPC that it is ready (`{ ready: … }`). */
  readonly announces: boolean;
}

export interface Supervised {
  readonly name: string;
  /** Starts the program; resolves with what it announced, or once it runs. Rejects if it ends first. */
  start(): Promise<unknown>;
  /** Ends the program and starts it again. */
  restart(): void;
  /** SIGTERM, and SIGKILL when that does not help. Nothing is started again. */
  stop(): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
const STEADY_MS = 10_000;
const STOP_TIMEOUT_MS = 40_000;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/**
 * Keeps `program` running: when it ends, it is started again, after a delay that doubles while it keeps ending early. Its output goes
 * to `<logDir>/<name>.log`. It is the leader of a process group of its own, so that a terminal's Ctrl-C reaches the supervisor alone,
 * which stops things in order; when the supervisor is killed, the IPC channel closes and the program stops by itself.
 */
export function supervise(
  program: Program,
  { logDir, say }: { logDir: string; say: (line: string) => void },
): Supervised {
  const logFile = path.join(logDir, `${program.name}.log`);
  let child: ChildProcess | undefined;
  let lastReady: unknown;
  let delayMs = FIRST_DELAY_MS;
  let stopped = false;
  let restarting = false;

  function launch(): Promise<unknown> {
    const log = openSync(logFile, 'a', 0o600);
    const startedAt = systemClock.monotonic();
    const process_ = spawn(process.execPath, [...(program.nodeOptions ?? []), program.entry], {
      detached: true,
      env: program.env(lastReady),
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    child = process_;
    const ready = Promise.withResolvers<unknown>();
    process_.on('message', (message: { ready?: unknown }) => {
      lastReady = message.ready;
      ready.resolve(message.ready);
    });
    if (!program.announces) process_.on('spawn', () => ready.resolve(undefined));
    process_.on('error', (error) => ready.reject(error));
    process_.on('exit', (code, signal) => {
      child = undefined;
      const how = signal ?? `code ${code}`;
      ready.reject(
        new AppError(
          'UNAVAILABLE',
          'PROGRAM_ENDED',
          `${program.name} ended (${how}); the end of ${logFile}:\n${tail(logFile)}`,
        ),
      );
      if (stopped) return;
      if (systemClock.monotonic() - startedAt > STEADY_MS) delayMs = FIRST_DELAY_MS;
      if (!restarting) say(`${program.name} ended (${how}) and is started again; its log: ${logFile}`);
      setTimeout(again, restarting ? 0 : delayMs);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
      restarting = false;
    });
    return ready.promise;
  }

  function again(): void {
    if (!stopped) launch().catch(() => undefined);
  }

  return {
    name: program.name,
    async start() {
      await mkdir(logDir, { recursive: true });
      await rotate(logFile);
      return launch();
    },
    restart() {
      restarting = true;
      child?.kill('SIGTERM');
    },
    async stop() {
      stopped = true;
      if (child === undefined) return;
      const running = child;
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      const cancel = systemClock.schedule(STOP_TIMEOUT_MS, () => running.kill('SIGKILL'));
      await ended;
      cancel();
    },
  };
}

async function rotate(file: string): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(file, `${file}.1`);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
