// The door of every npm script: runs on any Node from 20 on, without dependencies. It installs what the lockfile asks for when that is
// missing or older, then hands over to the Node that the lockfile pins.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NODE_MAJOR = 24;
const COMMANDS = {
  start: ['apps/stack/src/main.ts'],
  dev: ['apps/stack/src/main.ts', '--dev'],
  audit: ['apps/stack/src/audit/main.ts'],
  bench: ['apps/bench/src/main.ts'],
  config: ['apps/stack/src/config/main.ts'],
  reset: ['apps/stack/src/reset/main.ts'],
  new: ['apps/stack/src/new/main.ts'],
  proof: ['apps/stack/src/proof/main.ts'],
  chaos: ['apps/e2e/src/chaos/main.ts'],
  nx: ['node_modules/nx/dist/bin/nx.js'],
};

function installed() {
  const stamp = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(stamp)) return false;
  return statSync(stamp).mtimeMs >= statSync(path.join(root, 'package-lock.json')).mtimeMs;
}

function install() {
  process.stderr.write('Installing what package-lock.json names (once; about half a minute) …\n');
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : ['npm'];
  const { status } = spawnSync(command[0], [...command.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail('npm ci failed; its words are above.');
}

function pinnedNode() {
  const pinned = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned) && spawnSync(pinned, ['-e', '0']).status === 0) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  fail(
    `No Node ${NODE_MAJOR} comes with npm for ${process.platform}-${process.arch}, and yours is ${process.version}: install Node ${NODE_MAJOR} or later.`,
  );
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) fail(`usage: run.mjs ${Object.keys(COMMANDS).join(' | ')}`);
if (!installed()) install();

const node = pinnedNode();
const child = spawn(node, [...command, ...args], {
  cwd: root,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, PATH: [path.join(root, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter) },
});
// A terminal's Ctrl-C reaches the child by itself: this process only has to outlive it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGHUP', () => child.kill('SIGHUP'));
// npm that was killed cannot pass a signal on; whoever starts this file without npm may go away as it likes.
if (process.env.npm_execpath) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1_000).unref();
}
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
