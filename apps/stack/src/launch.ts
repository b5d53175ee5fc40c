import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** A program that the supervisor keeps running. */
export interface Program {
  /** Names the process and its log: `inventory-2`. */
  readonly name: string;
  /** Absolute path of the file that Node runs. */
  readonly entry: string;
  readonly nodeOptions?: readonly string[];
  /** The environment of the next start; told what the process said when it was ready last time. */
  env(lastReady: unknown): NodeJS.ProcessEnv;
  /** Told the last line of its log each time it has ended; what it answers is said of the end. */
  readonly ended?: (lastLine: string) => string | undefined;
  /**
   * Whether the process talks over IPC: it says when it is ready (`{ ready: …, pid }`) and stops when told (`{ stop: true }`), not by a signal. Such
   * a process is nobody's child.
   */
  readonly overIpc: boolean;
}

/** A program on its way. */
export interface Launched {
  /** What it announced; nothing for one that announces nothing. */
  readonly ready: Promise<unknown>;
  /** How it ended. */
  readonly ended: Promise<string>;
  readonly stop: () => void;
  readonly kill: () => void;
}

/** Starts a program as a child: SIGTERM stops it. */
export function launchChild(program: Program, lastReady: unknown, logFile: string): Launched {
  const child = open(process.execPath, args(program), program, lastReady, logFile);
  const ended = Promise.withResolvers<string>();
  child.on('exit', (code, signal) => ended.resolve(signal ?? `code ${code}`));
  child.on('error', (error) => ended.resolve(error.message));
  return {
    ready: Promise.resolve(),
    ended: ended.promise,
    stop: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
  };
}

/**
 * Starts a program as nobody's child, by way of a shell that goes away at once: what ends this process with all its descendants (Nx does,
 * on Ctrl-C) must not end a database under those that still finish their work. The IPC channel tells that it lives.
 */
export function launchOrphan(program: Program, lastReady: unknown, logFile: string): Launched {
  const shell = open('/bin/sh', ['-c', '"$0" "$@" &', process.execPath, ...args(program)], program, lastReady, logFile);
  const ready = Promise.withResolvers<unknown>();
  const ended = Promise.withResolvers<string>();
  let pid: number | undefined;
  shell.on('message', (message: { ready?: unknown; pid?: number }) => {
    pid = message.pid;
    ready.resolve(message.ready);
  });
  shell.on('disconnect', () => ended.resolve('its channel closed'));
  shell.on('error', (error) => ended.resolve(error.message));
  return {
    ready: ready.promise,
    ended: ended.promise,
    stop: () => shell.connected && shell.send({ stop: true }),
    kill: () => pid !== undefined && process.kill(pid, 'SIGKILL'),
  };
}

function args(program: Program): string[] {
  return [...(program.nodeOptions ?? []), program.entry];
}

function open(command: string, argv: string[], program: Program, lastReady: unknown, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(command, argv, { detached: true, env: program.env(lastReady), stdio: ['ignore', log, log, 'ipc'] });
  } finally {
    closeSync(log);
  }
}
