import { spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import type { EmbeddedLog } from '../embedded-log.ts';
import { pidFile } from './processes.ts';
import { cleanEnvironment, type Account } from '../process/run.ts';
import type { Settings } from './settings.ts';

export interface PostmasterOptions {
  readonly binaries: Binaries;
  readonly cluster: string;
  readonly account: Account | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly settings: Settings;
  /** The folder of postgres.log. */
  readonly dataDir: string;
  readonly log: EmbeddedLog;
}

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the server has ended, asked for or not. */
  readonly exited: Promise<void>;
  /** Ends it: fast (clients are cut off, everything written out), then immediate (recovery at the next start), then by force. */
  stop(): Promise<void>;
}

const LOG_BYTES_KEPT = 8 << 20;

/** Starts the server and waits until it accepts connections, however long its crash recovery takes. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port === 0 ? await freePort(options.host) : options.port;
    const started = await tryStart(options, port);
    if (typeof started !== 'string') return started;
    const portTaken = options.port === 0 && started.includes('could not bind');
    if (!portTaken || attempt === 5) throw new Error(`Postgres ended while starting:\n${started}`);
  }
}

/**
 * A backend frees what a statement of hundreds of rows took, and takes as much for the next: glibc is to keep up to 16 MiB rather than to give them
 * back and have every page cleared anew. https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
 */
const KEEP_MEMORY = {
  MALLOC_TRIM_THRESHOLD_: String(16 * 1024 * 1024),
  MALLOC_TOP_PAD_: String(1024 * 1024),
  MALLOC_MMAP_THRESHOLD_: String(16 * 1024 * 1024),
};

/** The running server, or the last lines that it said. */
async function tryStart(
  { binaries, cluster, account, host, settings, dataDir, log }: PostmasterOptions,
  port: number,
): Promise<Postmaster | string> {
  const logPath = join(dataDir, 'postgres.log');
  if (((await stat(logPath).catch(() => undefined))?.size ?? 0) > LOG_BYTES_KEPT) await rename(logPath, `${logPath}.1`);
  // A file, not a pipe to us: were this process frozen, a full pipe would block every backend that has something to say.
  const output = await open(logPath, 'a', 0o600);
  const logStart = (await output.stat()).size;
  const all: Settings = { ...settings, listen_addresses: host, port, unix_socket_directories: '' };
  const child = spawn(
    binaries.postgres,
    ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: '/',
      env: { ...cleanEnvironment, ...KEEP_MEMORY },
      stdio: ['ignore', output.fd, output.fd],
      detached: true, // Ctrl-C in a terminal goes to the whole group: Postgres ends when its services have, not with them
      ...(account && { uid: account.uid, gid: account.gid }),
    },
  );
  const ended = Promise.withResolvers<undefined>();
  const end = { over: false, why: '' };
  const onEnd = (error?: Error) => {
    end.over = true;
    end.why = error?.message ?? '';
    ended.resolve(undefined);
  };
  child.once('error', onEnd);
  child.once('exit', () => onEnd());
  await output.close();

  const begun = performance.now();
  for (let next = 5_000; !end.over; await Promise.race([sleep(20), ended.promise])) {
    const lines = await pidFile(cluster);
    if (lines[0] === String(child.pid) && lines[7] === 'ready') break;
    if (performance.now() - begun > next) {
      log.info({ cluster, seconds: Math.round(next / 1000) }, 'Postgres is still recovering');
      next *= 2;
    }
  }
  if (end.over || child.pid === undefined) {
    const said = (await readFile(logPath)).subarray(logStart).toString().trim();
    return [end.why, said.slice(-4_000)].filter(Boolean).join('\n');
  }

  const within = async (ms: number) => {
    const timeout = new AbortController();
    await Promise.race([ended.promise, sleep(ms, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    return end.over;
  };
  return {
    pid: child.pid,
    port,
    exited: ended.promise,
    async stop() {
      child.kill('SIGINT');
      if (await within(20_000)) return;
      log.warn({ cluster }, 'Postgres does not stop: stopping it at once');
      child.kill('SIGQUIT');
      if (await within(5_000)) return;
      child.kill('SIGKILL');
      await ended.promise;
    },
  };
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(0, host, () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
  return promise;
}
