import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { realServers } from './real-servers.ts';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export interface StackOptions {
  /** As STAMPEDE_INSTANCES: `inventory=2,order=2`. */
  readonly instances?: string;
  /** An existing data folder, for a second start; a new one if absent. */
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What brings it up; `npm start`'s program if absent. */
  readonly command?: readonly [string, ...string[]];
  /** Where it is brought up; this workspace if absent. */
  readonly root?: string;
  /** 120,000 if absent. */
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

/** Brings a stack up on free ports in a folder of its own and waits until it says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'stampede-e2e-')));
  const servers = await realServers();
  const startedAt = performance.now();
  const [command, ...args] = options.command ?? [process.execPath, 'apps/stack/bin/run.mjs', 'start'];
  const child = spawn(command, args, {
    cwd: options.root ?? ROOT,
    env: {
      ...withoutVitest(process.env),
      PORT: '0',
      STAMPEDE_DATA: dataDir,
      ...(options.instances !== undefined && { STAMPEDE_INSTANCES: options.instances }),
      ...servers.env,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    return child.exitCode;
  };
  const url = await readyUrl(child, () => printed, options).catch(async (error: unknown) => {
    await stop();
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
    stop,
    async remove() {
      await servers.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The audit of a running stack, as `npm run audit -- --json` prints it. */
export interface AuditResult {
  readonly clean: boolean;
  readonly moving: number;
  readonly findings: readonly {
    readonly name: string;
    readonly broken: number;
    readonly figures: Readonly<Record<string, number>>;
    readonly violations: readonly string[];
  }[];
}

/** Runs the audit; `waitSeconds` is how long it may wait for orders in motion. */
export async function auditStack(stack: Pick<Stack, 'dataDir'>, waitSeconds = 30): Promise<AuditResult> {
  const args = ['apps/stack/bin/run.mjs', 'audit', '--json', '--wait', String(waitSeconds)];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...withoutVitest(process.env), STAMPEDE_DATA: stack.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [stdout, stderr] = await said;
  if (code !== 0 && code !== 1) throw new Error(`the audit did not run: ${stderr}`);
  return JSON.parse(stdout) as AuditResult;
}

/** The processes on this machine that belong to a stack: those whose environment or command line names its data folder. */
export function processesOf(dataDir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => {
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
        const mine = command.includes(dataDir) || environment.includes(`STAMPEDE_DATA=${dataDir}`);
        return mine && command !== '' ? [{ pid: Number(entry), command }] : [];
      } catch {
        return [];
      }
    });
}

/** The processes that a process started and that still run. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        // After the name, which may hold anything, in parentheses: state, parent.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

/** The pids of an app's instances. */
export function instancesOf(stack: Stack, app: string): number[] {
  return processesOf(stack.dataDir)
    .filter(
      ({ command }) =>
        command.includes(`apps/${app}/src/main.ts`) && !command.includes('run.mjs') && !command.includes('nx'),
    )
    .map(({ pid }) => pid);
}

async function readyUrl(
  child: ChildProcess,
  printed: () => string,
  { readyTimeoutMs: timeoutMs = READY_MS, signal }: StackOptions,
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

/** The environment of whoever runs the tests, without what the test runner put there. */
export function withoutVitest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !name.startsWith('VITEST') && !name.startsWith('NX_TASK') && name !== 'NODE_ENV' && name !== 'NODE_OPTIONS',
    ),
  );
}
