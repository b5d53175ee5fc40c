import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../root.ts';
import type { PackedManifest } from './packed-manifest.ts';

const run = promisify(execFile);

/** How packages get into an empty project: as npm installs them from its registry, or without a network, by links to what is installed here. */
export type How = 'npm' | 'links';

/** Packs the folders of built libraries; answers the tarball of each, by library. */
export async function pack(
  folders: Readonly<Record<string, string>>,
  into: string,
): Promise<Readonly<Record<string, string>>> {
  await mkdir(into, { recursive: true });
  const names = Object.keys(folders);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', into, ...Object.values(folders)]);
  const packed = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
  const entries = Array.isArray(packed) ? packed : Object.values(packed);
  return Object.fromEntries(names.map((name, index) => [name, path.join(into, entries[index]?.filename ?? '')]));
}

/** Makes a project in `folder` that has these tarballs, and nothing else that they do not ask for. */
export async function emptyProject(
  folder: string,
  tarballs: Readonly<Record<string, string>>,
  how: How,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  if (how === 'npm') {
    const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...options, ...Object.values(tarballs)], { cwd: folder });
    return;
  }
  for (const [lib, tarball] of Object.entries(tarballs)) {
    const home = path.join(folder, 'node_modules/@stampede', lib);
    await mkdir(home, { recursive: true });
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', home]);
    const manifest = JSON.parse(await readFile(path.join(home, 'package.json'), 'utf8')) as PackedManifest;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const link = path.join(folder, 'node_modules', name);
      if (name.startsWith('@stampede/') || existsSync(link)) continue;
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(installed(lib, name), link);
    }
  }
}

/** Where npm put what a library of the workspace asks for. */
function installed(lib: string, name: string): string {
  const places = [path.join(ROOT, 'libs', lib), ROOT].map((folder) => path.join(folder, 'node_modules', name));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`${name} is not installed: libs/${lib} asks for it`);
  return found;
}
