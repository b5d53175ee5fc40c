import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A program of the shop: a folder below `apps/` whose package.json says so under `stampede`. */
export interface App {
  readonly name: string;
  /** Whether it keeps a database of its own. */
  readonly database: boolean;
  /** The apps that it calls, which outlive it when all is stopped. */
  readonly calls: readonly string[];
}

/** Every program of the shop, each after those that it calls. */
export function findApps(root: string = ROOT): readonly App[] {
  const found = new Map(
    readdirSync(path.join(root, 'apps'))
      .toSorted()
      .flatMap((name) => {
        const app = read(root, name);
        return app === undefined ? [] : [[name, app] as const];
      }),
  );
  const ordered = new Set<App>();
  const visit = (app: App): void => {
    for (const callee of app.calls) {
      const called = found.get(callee);
      if (called !== undefined && !ordered.has(called)) visit(called);
    }
    ordered.add(app);
  };
  for (const app of found.values()) visit(app);
  return [...ordered];
}

function read(root: string, name: string): App | undefined {
  try {
    const { stampede } = JSON.parse(readFileSync(path.join(root, 'apps', name, 'package.json'), 'utf8')) as {
      stampede?: { database?: boolean; calls?: string[] };
    };
    return stampede && { name, database: stampede.database ?? false, calls: stampede.calls ?? [] };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
