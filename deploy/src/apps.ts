import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './root.ts';

interface Manifest {
  readonly nx?: { readonly targets?: Readonly<Record<string, object>> };
  readonly stampede?: { readonly database?: boolean; readonly calls?: readonly string[] };
}

/** The apps that get an image: those whose package.json has a `bundle` target. */
export function bundledApps(): readonly string[] {
  return readdirSync(path.join(ROOT, 'apps'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => manifestOf(name).nx?.targets?.['bundle'] !== undefined)
    .toSorted();
}

/** Whether an app keeps a database, and the apps that it calls. */
export function shopOf(app: string): { readonly database: boolean; readonly calls: readonly string[] } {
  const { stampede } = manifestOf(app);
  return { database: stampede?.database ?? false, calls: stampede?.calls ?? [] };
}

function manifestOf(app: string): Manifest {
  return JSON.parse(readFileSync(path.join(ROOT, 'apps', app, 'package.json'), 'utf8')) as Manifest;
}
