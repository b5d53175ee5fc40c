import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { runtimeFilesOf } from '../bundle/runtime-files.ts';
import { ROOT } from '../root.ts';
import { packedManifest, type Manifest } from './packed-manifest.ts';

/**
 * Builds libraries for those who are not in this workspace, each to its folder: JavaScript and declarations of all that its `index.ts` leads to, the files that
 * these read, its README, the license, and a package.json that says so. Throws what the compiler has against it; answers what it knows.
 *
 * @param folders by the library's name: `{ rpc: '/…/libs/rpc/dist' }`
 */
export async function buildLibs(folders: Readonly<Record<string, string>>): Promise<ts.Program> {
  const { program, errors } = createProgram(Object.keys(folders));
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const files = new Map<string, string>();
  for (const source of program.getSourceFiles()) {
    const lib = libOf(source.fileName);
    const folder = folders[lib ?? ''];
    if (lib === undefined || folder === undefined) continue;
    program.emit(source, (fileName, text) => {
      const relative = path.relative(path.join(OUT, 'libs', lib, 'src'), fileName);
      files.set(path.join(folder, relative), fileName.endsWith('.d.ts') ? withJsImports(text) : text);
    });
  }
  for (const folder of Object.values(folders)) await rm(folder, { recursive: true, force: true });
  for (const [file, text] of files) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  for (const [lib, folder] of Object.entries(folders)) await addRest(lib, folder, program);
  return program;
}

/** The libraries that a library stands on, itself included. */
export async function closureOf(lib: string): Promise<readonly string[]> {
  const found = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    found.add(name);
    const { dependencies } = await manifestOf(name);
    for (const dependency of Object.keys(dependencies ?? {})) {
      const next = /^@stampede\/(.+)$/.exec(dependency)?.[1];
      if (next !== undefined) await visit(next);
    }
  };
  await visit(lib);
  return [...found];
}

/** The program of these libraries from their doors on, and what is wrong with it. */
function createProgram(libs: readonly string[]): { program: ts.Program; errors: readonly string[] } {
  const base = ts.readConfigFile(path.join(ROOT, 'tsconfig.base.json'), (file) => ts.sys.readFile(file))
    .config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...base, files: [] }, ts.sys, ROOT);
  const program = ts.createProgram(
    libs.map((lib) => path.join(ROOT, 'libs', lib, 'src/index.ts')),
    {
      ...options,
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: ROOT,
      outDir: OUT,
      types: ['node'],
    },
  );
  const errors = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  return { program, errors };
}

/** Nothing is written there: it tells what is emitted from where. */
const OUT = path.join(ROOT, 'dist');

function libOf(file: string): string | undefined {
  return /^libs\/([^/]+)\/src\//.exec(path.relative(ROOT, file))?.[1];
}

/** The compiler leaves the extensions of declarations alone. */
function withJsImports(declarations: string): string {
  return declarations.replaceAll(/((?:from|import\() ?['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js');
}

async function addRest(lib: string, folder: string, program: ts.Program): Promise<void> {
  for (const { fileName, text } of program.getSourceFiles()) {
    if (libOf(fileName) !== lib || !text.includes('import.meta.url')) continue;
    for (const file of runtimeFilesOf(path.relative(ROOT, fileName), text)) {
      await cp(path.join(ROOT, file), path.join(folder, path.relative(path.join('libs', lib, 'src'), file)), {
        recursive: true,
      });
    }
  }
  const manifest = packedManifest(await manifestOf(lib), await manifestOf('..'));
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await cp(path.join(ROOT, 'libs', lib, 'README.md'), path.join(folder, 'README.md'));
  await cp(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
}

async function manifestOf(lib: string): Promise<Manifest> {
  return JSON.parse(await readFile(path.join(ROOT, 'libs', lib, 'package.json'), 'utf8')) as Manifest;
}
