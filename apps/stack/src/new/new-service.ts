import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, invalid } from '@stampede/errors';
import { format, resolveConfig } from 'prettier';
import { deployLines } from './deploy-lines.ts';
import { insertText } from './insert-text.ts';

const TEMPLATE = fileURLToPath(new URL('./template/', import.meta.url));

/** Where each template goes; `{{name}}` in a path is the service's name too. */
const PLACES: Readonly<Record<string, string>> = {
  'proto/contract.proto.tpl': 'proto/stampede/{{name}}/v1/{{name}}.proto',
  'proto/reasons.proto.tpl': 'proto/stampede/{{name}}/v1/reasons.proto',
  'deploy/kustomization.yaml.tpl': 'deploy/k8s/base/{{name}}/kustomization.yaml',
  'app/src/domain/entity.ts.tpl': 'apps/{{name}}/src/domain/{{name}}.ts',
  'app/src/domain/entity.spec.ts.tpl': 'apps/{{name}}/src/domain/{{name}}.spec.ts',
  'app/src/store/postgres-store.ts.tpl': 'apps/{{name}}/src/store/postgres-{{name}}-store.ts',
  'app/src/rpc/service.ts.tpl': 'apps/{{name}}/src/rpc/{{name}}-service.ts',
  'app/src/rpc/service.spec.ts.tpl': 'apps/{{name}}/src/rpc/{{name}}-service.spec.ts',
};

/**
 * Writes a new service into the workspace at `root`: its contract, its rooms, a migration, tests, its manifests, and its lines in the contracts' door, in
 * buf.yaml and in the manifests that all share. INVALID_ARGUMENT for a name that will not do, ALREADY_EXISTS for one that is taken.
 * @returns the files written, relative to `root`.
 */
export async function newService(root: string, name: string): Promise<readonly string[]> {
  await checkName(root, name);
  const versions = await versionsIn(path.join(root, 'apps', 'order', 'package.json'));
  const fill = (text: string): string =>
    text
      .replaceAll('{{name}}', name)
      .replaceAll('{{Name}}', name.charAt(0).toUpperCase() + name.slice(1))
      .replaceAll('{{NAME}}', name.toUpperCase())
      .replaceAll(/\{\{version:([^}]+)\}\}/g, (_, dependency: string) => versions[dependency] ?? '*');

  const written: string[] = [];
  for (const entry of await readdir(TEMPLATE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = path.join(entry.parentPath, entry.name);
    const relative = path.relative(TEMPLATE, source);
    const target = fill(PLACES[relative] ?? relative.replace(/^app\//, 'apps/{{name}}/').replace(/\.tpl$/, ''));
    await mkdir(path.dirname(path.join(root, target)), { recursive: true });
    await writeFile(
      path.join(root, target),
      await tidy(path.join(root, target), fill(await readFile(source, 'utf8'))),
      { flag: 'wx' },
    );
    written.push(target);
  }
  await insertLines(path.join(root, 'libs/contracts/src/index.ts'), [
    `export * from './gen/stampede/${name}/v1/${name}.ts';`,
    `export * from './gen/stampede/${name}/v1/reasons.ts';`,
  ]);
  await insertLines(path.join(root, 'proto/buf.yaml'), [`      - stampede/${name}/v1/reasons.proto`]);
  const shared = deployLines(name);
  await insertText((file) => path.join(root, file), shared);
  const changed = ['libs/contracts/src/index.ts', 'proto/buf.yaml', ...shared.map(({ file }) => file)];
  return [...written, ...new Set(changed)].toSorted();
}

/** Names make lines longer or shorter: laid out as the house does. */
async function tidy(file: string, text: string): Promise<string> {
  return /\.(ts|json|yaml)$/.test(file) ? format(text, { ...(await resolveConfig(file)), filepath: file }) : text;
}

async function checkName(root: string, name: string): Promise<void> {
  if (!/^[a-z][a-z0-9]{1,30}$/.test(name)) {
    throw invalid({ field: 'name', description: 'must be one word of 2 to 31 lower-case letters and digits' });
  }
  const apps = await readdir(path.join(root, 'apps'));
  if (apps.includes(name)) throw new AppError('ALREADY_EXISTS', 'APP_EXISTS', `apps/${name} is there already`);
  // Go clients ask etcd for the prefix of a name without a slash behind it, and would find the other service's instances too.
  const near = apps.find((app) => app.startsWith(name) || name.startsWith(app));
  if (near !== undefined) {
    throw invalid({
      field: 'name',
      description: `must neither begin with "${near}" nor be its beginning: discovery could mix them up`,
    });
  }
}

async function versionsIn(file: string): Promise<Readonly<Record<string, string>>> {
  return (JSON.parse(await readFile(file, 'utf8')) as { dependencies: Record<string, string> }).dependencies;
}

/** Puts lines where they belong by the alphabet, among those of their kind: after the last line that sorts before them and begins alike. */
async function insertLines(file: string, added: readonly string[]): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  for (const line of added) {
    const kind =
      /^\s*\S+\s+\S*stampede\/|^\s*export \* from '\.\/gen/.exec(line)?.[0].replace(/stampede\/.*$/, '') ?? line;
    const at = lines.findLastIndex((other) => other.startsWith(kind) && other.includes('stampede/') && other < line);
    const first = lines.findIndex((other) => other.startsWith(kind) && other.includes('stampede/'));
    lines.splice(at === -1 ? first : at + 1, 0, line);
  }
  await writeFile(file, lines.join('\n'));
}
