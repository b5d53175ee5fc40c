import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, constants, copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleApp } from '../bundle/bundle-app.ts';
import { ROOT } from '../root.ts';
import { readDockerfile } from './read-dockerfile.ts';

/** The files of an image in a folder of its own, and a way to run them as the image would. */
export interface LaidOutImage {
  /** Starts the image's program, with `args` behind it, with nothing but the image's environment and `env`. */
  readonly run: (env: Readonly<Record<string, string>>, ...args: string[]) => Running;
  /** Runs the image's health check; answers its exit code. */
  readonly check: (env: Readonly<Record<string, string>>) => Promise<number | null>;
  /** All of its files, relative. */
  readonly files: () => Promise<readonly string[]>;
}

export interface Running {
  readonly child: ChildProcess;
  /** All that it wrote so far. */
  readonly output: () => string;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Lays out images below a temporary folder: only Node is shared by them. As root, programs run under the image's own user, who may write nowhere. */
export async function imageFolder(): Promise<{
  layOut(app: string): Promise<LaidOutImage>;
  remove(): Promise<void>;
}> {
  const config = readDockerfile(await readFile(path.join(ROOT, 'deploy', 'Dockerfile'), 'utf8'));
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'stampede-image-')));
  await chmod(root, 0o755);
  const node = path.join(root, 'node');
  await copyFile(process.execPath, node, constants.COPYFILE_FICLONE);
  const [uid, gid] = config.user.split(':').map(Number);
  const account = process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : {};

  function start(folder: string, command: readonly string[], env: Readonly<Record<string, string>>): Running {
    const [program, ...args] = command.map((word) => (word === '/usr/local/bin/node' ? node : word));
    const child = spawn(program ?? '', args, {
      cwd: folder,
      env: { ...config.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...account,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    return { child, output: () => output, ended };
  }

  return {
    async layOut(app) {
      // Where WORKDIR points to: the bundle is the folder's only content.
      const folder = path.join(root, app, config.workdir);
      await mkdir(path.dirname(folder), { recursive: true });
      await bundleApp(app, folder);
      return {
        run: (env, ...args) => start(folder, [...config.entrypoint, ...args], env),
        check: async (env) => (await start(folder, config.healthcheck, env).ended).code,
        files: async () => (await readdir(path.join(root, app), { recursive: true })).toSorted(),
      };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
