import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { createMemoryEtcd } from '@stampede/etcd';
import type { createRegistrar } from '../create-registrar.ts';
import type { createWatcher } from '../create-watcher.ts';
import type { Kit } from './kit.ts';
import type { Mutant } from './mutants.ts';

const LIBS = fileURLToPath(new URL('../../..', import.meta.url));
const ROOMS = ['etcd', 'registry'] as const;

/**
 * The production code with one rule removed: the sources of both rooms, copied into `folder` with one place changed. Throws where that place is not
 * there exactly once, so that no mutant outlives what it mutates.
 */
export async function loadMutant({ room, file, from, to }: Mutant, folder: string): Promise<Kit> {
  for (const each of ROOMS) {
    const [source, copy] = [join(LIBS, each, 'src'), join(folder, each)];
    await cp(source, copy, {
      recursive: true,
      filter: (path) => !/\.spec\.ts$|[/\\]simulation$|[/\\]specs$/.test(path),
    });
    const require = createRequire(join(source, 'index.ts'));
    for (const name of await readdir(copy)) {
      const path = join(copy, name);
      const text = await readFile(path, 'utf8');
      await writeFile(path, mutated(text, each === room && name === file).replace(/ from '([^.'][^']*)'/g, absolute));
    }
    function absolute(whole: string, name: string): string {
      if (name.startsWith('node:')) return whole;
      return ` from '${name === '@stampede/etcd' ? '../etcd/index.ts' : require.resolve(name)}'`;
    }
  }
  function mutated(text: string, here: boolean): string {
    if (!here) return text;
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places like this one: ${from}`);
    return parts.join(to);
  }
  const load = async (...path: string[]) => (await import(/* @vite-ignore */ join(folder, ...path))) as unknown;
  return {
    ...((await load('etcd', 'index.ts')) as { createMemoryEtcd: typeof createMemoryEtcd }),
    ...((await load('registry', 'create-registrar.ts')) as { createRegistrar: typeof createRegistrar }),
    ...((await load('registry', 'create-watcher.ts')) as { createWatcher: typeof createWatcher }),
  };
}
