import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from './stack.ts';

export interface WorkspaceCopy {
  readonly root: string;
  /** Runs a program in the copy; answers its exit code and all that it said. */
  run(command: string, ...args: string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  remove(): Promise<void>;
}

const LEFT_OUT = new Set(['node_modules', '.nx', '.git', '.stampede', 'dist']);

/** A copy of this workspace that may be changed at will. Its packages are the ones installed here; its own are its own. */
export async function copyWorkspace(): Promise<WorkspaceCopy> {
  const root = await mkdtemp(path.join(tmpdir(), 'stampede-copy-'));
  await cp(ROOT, root, { recursive: true, filter: (source) => !LEFT_OUT.has(path.basename(source)) });
  const installed = path.join(ROOT, 'node_modules');
  await mkdir(path.join(root, 'node_modules', '@stampede'), { recursive: true });
  for (const entry of await readdir(installed)) {
    if (entry !== '@stampede' && entry !== '.package-lock.json')
      await symlink(path.join(installed, entry), path.join(root, 'node_modules', entry));
  }
  for (const entry of await readdir(path.join(installed, '@stampede'))) {
    await symlink(
      await readlink(path.join(installed, '@stampede', entry)),
      path.join(root, 'node_modules', '@stampede', entry),
    );
  }
  const projects = await Promise.all(
    ['apps', 'libs'].map(async (folder) =>
      (await readdir(path.join(ROOT, folder))).map((name) => path.join(folder, name)),
    ),
  );
  for (const project of [...projects.flat(), 'deploy']) {
    const own = path.join(project, 'node_modules');
    if (existsSync(path.join(ROOT, own))) await symlink(path.join(ROOT, own), path.join(root, own));
  }
  // Newer than the lockfile: what is linked here counts as installed.
  await writeFile(path.join(root, 'node_modules', '.package-lock.json'), '{}');
  return {
    root,
    async run(command, ...args) {
      const child = spawn(command, args, {
        cwd: root,
        env: {
          ...process.env,
          NX_DAEMON: 'false',
          PATH: `${installed}/.bin:${process.env['PATH']}`,
          // Its tests are none of this run's.
          STAMPEDE_TEST_REPORTS: undefined,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, output };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
