import path from 'node:path';

/** What packages read beside their code, by path below the package. Those that need nothing say why. */
const PACKAGE_FILES: Readonly<Record<string, readonly string[]>> = {
  etcd3: ['proto'],
  '@grpc/grpc-js': ['proto'],
  '@grpc/reflection': ['build/proto/grpc'],
  'grpc-health-check': ['proto'],
  // Workers for pino's transports; ours writes to standard output itself.
  pino: [],
  // For migrations in TypeScript; ours are SQL.
  jiti: [],
  'thread-stream': [],
};

const COMMENT = /^\s*(\*|\/\/|\/\*)/;
const PLACES = /import\.meta\.url|\b__dirname\b|\b__filename\b/;
const OWN_FILE = /new URL\(\s*'([^']+)',\s*import\.meta\.url,?\s*\)/g;

/** Whether a source asks where it lies, which is elsewhere in a bundle. */
export function asksForItsPlace(source: string): boolean {
  return source.split('\n').some((line) => PLACES.test(line) && !COMMENT.test(line));
}

/**
 * The files and folders that a source reads at run time, relative to the workspace: those it names with `new URL('…', import.meta.url)`, or those
 * known of its package.
 *
 * @param file of the source, relative to the workspace
 * @throws Error for a source that asks for its place and does not say what for: the image would lack it.
 */
export function runtimeFilesOf(file: string, source: string): readonly string[] {
  const at = file.lastIndexOf('node_modules/');
  if (at === -1) return ownFiles(file, source);
  const name = /^(@[^/]+\/)?[^/]+/.exec(file.slice(at + 'node_modules/'.length))?.[0] ?? '';
  const known = PACKAGE_FILES[name];
  if (known === undefined) throw new Error(`${file} reads files of its package: say which in runtime-files.ts`);
  return known.map((part) => path.join(file.slice(0, at), 'node_modules', name, part));
}

function ownFiles(file: string, source: string): readonly string[] {
  const code = source
    .split('\n')
    .filter((line) => !COMMENT.test(line))
    .join('\n');
  if (asksForItsPlace(code.replaceAll(OWN_FILE, ''))) {
    throw new Error(`${file}: a bundle knows what to carry from new URL('…', import.meta.url) alone`);
  }
  return [...code.matchAll(OWN_FILE)].map(([, relative = '']) => path.join(path.dirname(file), relative));
}

/** The source, with its place told as it is below the folder `files/` of the bundle, where all that it reads lies as it does in the workspace. */
export function movedToBundle(file: string, source: string): string {
  const url = `new URL(${JSON.stringify(`./files/${file}`)}, import.meta.url).href`;
  const at = (name: string) => `__stampedePath(${JSON.stringify(`./files/${name}`)})`;
  return source
    .replaceAll('import.meta.url', url)
    .replaceAll(/\b__dirname\b/g, at(path.dirname(file)))
    .replaceAll(/\b__filename\b/g, at(file));
}
