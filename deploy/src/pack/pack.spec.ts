import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { useEtcd } from '@stampede/testing';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../root.ts';
import { buildLibs, closureOf } from './build-libs.ts';
import { undocumented } from './documented.ts';
import { emptyProject, pack, type How } from './empty-project.ts';
import { exampleOf } from './example-of.ts';
import type { PackedManifest } from './packed-manifest.ts';

/** The libraries for those who build something else. */
const FOR_STRANGERS = ['rpc', 'registry', 'rest', 'config'];
const MAX_DEPENDENCIES = 5;
/** `npm` installs from its registry, as a stranger does; without a word no network is needed. */
const HOW: How = process.env['STAMPEDE_PACK'] === 'npm' ? 'npm' : 'links';

const closers: (() => Promise<unknown>)[] = [];
let folder: string;
let endpoint: string;
let program: ts.Program;
let closures: Readonly<Record<string, readonly string[]>>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'stampede-pack-')));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const etcd = await useEtcd();
  endpoint = etcd.endpoint;
  closers.push(() => etcd.stop());
  closures = Object.fromEntries(
    await Promise.all(FOR_STRANGERS.map(async (lib) => [lib, await closureOf(lib)] as const)),
  );
  const all = [...new Set(Object.values(closures).flat())];
  const built = Object.fromEntries(all.map((lib) => [lib, path.join(folder, 'built', lib)]));
  program = await buildLibs(built);
  const tarballs = await pack(built, path.join(folder, 'tarballs'));
  for (const lib of FOR_STRANGERS) {
    const project = path.join(folder, lib);
    const needed = closures[lib]!.map((name) => [name, tarballs[name]!] as const);
    await emptyProject(project, Object.fromEntries(needed), HOW);
    for (const [file, text] of Object.entries(exampleOf(lib).files)) {
      await mkdir(path.dirname(path.join(project, file)), { recursive: true });
      await writeFile(path.join(project, file), text);
    }
  }
}, 120_000);
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

test.each(FOR_STRANGERS)(
  '%s: the example of its README runs in an empty project, and prints what it says',
  async (lib) => {
    const { prints } = exampleOf(lib);
    expect(prints.length).toBeGreaterThan(0);
    const { stdout } = await promisify(execFile)(process.execPath, ['example.ts'], {
      cwd: path.join(folder, lib),
      env: { ETCD_ENDPOINTS: endpoint },
      timeout: 20_000,
    });
    expect(stdout.split('\n').filter((line) => prints.includes(line))).toEqual(prints);
  },
);

test('the examples type-check against the declarations that were packed', () => {
  const examples = ts.createProgram(
    FOR_STRANGERS.map((lib) => path.join(folder, lib, 'example.ts')),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ESNext,
      lib: ['lib.esnext.d.ts'],
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      types: ['node'],
    },
  );
  const ours = ts
    .getPreEmitDiagnostics(examples)
    .filter(({ file }) => file?.fileName.startsWith(folder) === true)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  expect(ours).toEqual([]);
  const used = examples.getSourceFiles().map(({ fileName }) => fileName);
  for (const lib of FOR_STRANGERS) {
    expect(used).toContain(path.join(folder, lib, 'node_modules/@stampede', lib, 'index.d.ts'));
  }
});

test.each(FOR_STRANGERS)(
  `%s: at most ${MAX_DEPENDENCIES} packages of others, and nothing that only works here`,
  async (lib) => {
    const at = path.join(folder, lib, 'node_modules/@stampede', lib, 'package.json');
    const manifest = JSON.parse(await readFile(at, 'utf8')) as PackedManifest & { private?: boolean };
    const { dependencies = {}, peerDependencies } = manifest;
    const others = Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (name) => !name.startsWith('@stampede/'),
    );
    expect(others.length).toBeLessThanOrEqual(MAX_DEPENDENCIES);
    expect(manifest).toMatchObject({
      type: 'module',
      license: 'Apache-2.0',
      exports: { '.': { default: './index.js' } },
    });
    expect(manifest.private).toBeUndefined();
    expect(Object.values(dependencies)).not.toContain('*');
  },
);

test('every export says what it is', () => {
  expect(Object.fromEntries(FOR_STRANGERS.map((lib) => [lib, undocumented(program, lib)]))).toEqual(
    Object.fromEntries(FOR_STRANGERS.map((lib) => [lib, []])),
  );
});
