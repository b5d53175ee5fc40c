import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../bench.ts';

/** Where the peers are, each with a lockfile of its own that `npm ci` of the workspace knows nothing of. */
export const PEERS = fileURLToPath(new URL('../../peers/', import.meta.url));

type Options = Pick<BenchOptions, 'say' | 'signal'>;

/** Installs a peer's packages, exactly those of its lockfile and without their install scripts, where they are missing or older. Answers its folder. */
export async function installPeer(name: string, { say, signal }: Options): Promise<string> {
  const folder = path.join(PEERS, name);
  if (isInstalled(folder)) return folder;
  say(`installing the packages of peers/${name} (once) …`);
  const npm = process.env['npm_execpath'];
  const [command, ...first]: [string, ...string[]] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await runIn(folder, command, [...first, ...flags], signal);
  return folder;
}

function isInstalled(folder: string): boolean {
  const stamp = path.join(folder, 'node_modules', '.package-lock.json');
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(path.join(folder, 'package-lock.json')).mtimeMs;
}

/** Runs a program to its end, what it prints going to standard error. Rejects where it fails. */
export async function runIn(folder: string, command: string, args: string[], signal: AbortSignal): Promise<void> {
  const child = spawn(command, args, { cwd: folder, signal, stdio: ['ignore', 2, 2] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${path.basename(command)} ${args.join(' ')} failed in ${folder}`);
}
