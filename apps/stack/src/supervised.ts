import { readFileSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@stampede/errors';
import { systemClock } from '@stampede/lifecycle';
import { launchChild, launchOrphan, type Launched, type Program } from './launch.ts';

export interface Supervised {
  readonly name: string;
  /** Starts the program; resolves with what it announced, or once it runs. Rejects if it ends first. */
  start(): Promise<unknown>;
  /** Ends the program and starts it again. */
  restart(): void;
  /** Tells the program to stop, and kills it when that does not help. Nothing is started again. */
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
  let running: Launched | undefined;
  let lastReady: unknown;
  let delayMs = FIRST_DELAY_MS;
  let stopped = false;
  let restarting = false;

  async function launch(): Promise<unknown> {
    const startedAt = systemClock.monotonic();
    const launched = program.overIpc
      ? launchOrphan(program, lastReady, logFile)
      : launchChild(program, lastReady, logFile);
    running = launched;
    void launched.ended.then((how) => {
      running = undefined;
      if (stopped) return;
      if (systemClock.monotonic() - startedAt > STEADY_MS) delayMs = FIRST_DELAY_MS;
      const why = program.ended?.(tail(logFile, 1)) ?? '';
      if (!restarting) say(`${program.name} ended (${how})${why} and is started again; its log: ${logFile}`);
      setTimeout(again, restarting ? 0 : delayMs);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
      restarting = false;
    });
    const failed = launched.ended.then((how) => {
      throw new AppError(
        'UNAVAILABLE',
        'PROGRAM_ENDED',
        `${program.name} ended (${how}); the end of ${logFile}:\n${tail(logFile, 15)}`,
      );
    });
    lastReady = await Promise.race([launched.ready, failed]);
    return lastReady;
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
      running?.stop();
    },
    async stop() {
      stopped = true;
      if (running === undefined) return;
      const { ended, stop, kill } = running;
      stop();
      const cancel = systemClock.schedule(STOP_TIMEOUT_MS, kill);
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

function tail(file: string, lines: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
