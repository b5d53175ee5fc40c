import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The libraries of the workspace that an app stands on, by the name of their folder: those that its package.json names, and so on from these. */
export function libsOf(root: string, app: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      const lib = /^@stampede\/(.+)$/.exec(name)?.[1];
      if (lib === undefined || found.has(lib)) continue;
      found.add(lib);
      visit(path.join('libs', lib));
    }
  };
  visit(path.join('apps', app));
  return found;
}
