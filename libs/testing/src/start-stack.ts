import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this workspace. */
export const WORKSPACE = fileURLToPath(new URL('../../../', import.meta.url));

export interface StackOptions {
  /** As STAMPEDE_INSTANCES: `inventory=2,order=2`. */
  readonly instances?: string;
  /** An existing data folder, for a second start; a new one if absent. */
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What brings it up; `npm start`'s program if absent, or, tied, the supervisor itself. */
  readonly command?: readonly [string, ...string[]];
  /** Where it is brought up; this workspace if absent. */
  readonly root?: string;
  /** Whether it ends with this process, however that ends, and hears no Ctrl-C of a terminal by itself. */
  readonly tied?: boolean;
  /** Milliseconds that the start may take; 120,000 if absent. */
  readonly readyTimeoutMs?: number;
  /** Breaks the start off: it is stopped, and the start rejects once it is gone. */
  readonly signal?: AbortSignal;
}

/** A running stack, brought up as a user does. */
export interface Stack {
  readonly url: string;
  readonly dataDir: string;
  readonly customer: { readonly email: string; readonly password: string };
  readonly operator: { readonly email: string; readonly password: string };
  /** All that it printed so far. */
  printed(): string;
  readonly process: ChildProcess;
  /** Milliseconds from the start to the line that says it is ready. */
  readonly readyAfterMs: number;
  /** SIGTERM, as Ctrl-C would; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Deletes the data. */
  remove(): Promise<void>;
}

const READY_MS = 120_000;
const NPM_START = ['apps/stack/bin/run.mjs', 'start'];
/** It stops when its IPC channel closes. */
const SUPERVISOR = ['apps/stack/src/main.ts'];

/** Brings a stack up on free ports in a folder of its own and waits until it says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'stampede-stack-')));
  const startedAt = performance.now();
  const { tied = false, readyTimeoutMs = READY_MS, signal } = options;
  const [command, ...args] = options.command ?? [process.execPath, ...(tied ? SUPERVISOR : NPM_START)];
  const child = spawn(command, args, {
    cwd: options.root ?? WORKSPACE,
    env: {
      ...withoutVitest(process.env),
      PORT: '0',
      STAMPEDE_DATA: dataDir,
      ...(options.instances !== undefined && { STAMPEDE_INSTANCES: options.instances }),
      ...options.env,
    },
    detached: tied,
    stdio: ['ignore', 'pipe', 'pipe', ...(tied ? (['ipc'] as const) : [])],
  });
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const url = await readyUrl(child, () => printed, readyTimeoutMs, signal).catch(async (error: unknown) => {
    await end(child);
    throw error;
  });
  const credentials = JSON.parse(await readFile(path.join(dataDir, 'credentials.json'), 'utf8')) as Record<
    string,
    string
  >;
  return {
    url,
    dataDir,
    customer: { email: 'customer@stampede.local', password: credentials['customerPassword']! },
    operator: { email: 'operator@stampede.local', password: credentials['operatorPassword']! },
    printed: () => printed,
    process: child,
    readyAfterMs: performance.now() - startedAt,
    async stop() {
      await end(child);
      return child.exitCode;
    },
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

async function readyUrl(
  child: ChildProcess,
  printed: () => string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const url = /^.*Stampede is ready at (http:\S+)/m.exec(printed())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null) throw new Error(`the stack ended with code ${child.exitCode}:\n${printed()}`);
    if (performance.now() > deadline) throw new Error(`the stack was not ready within ${timeoutMs} ms:\n${printed()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** The environment of whoever runs the tests, without what the test runner put there. */
export function withoutVitest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !name.startsWith('VITEST') && !name.startsWith('NX_TASK') && name !== 'NODE_ENV' && name !== 'NODE_OPTIONS',
    ),
  );
}
