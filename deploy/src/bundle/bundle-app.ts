import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ROOT } from '../root.ts';
import { licensesOf } from './licenses.ts';
import { asksForItsPlace, movedToBundle, runtimeFilesOf } from './runtime-files.ts';

/** CommonJS packages ask for these; an ES module has neither. */
const BANNER = `import { createRequire as __stampedeRequire } from 'node:module';
import { fileURLToPath as __stampedeFile } from 'node:url';
const require = __stampedeRequire(import.meta.url);
const __stampedePath = (relative) => __stampedeFile(new URL(relative, import.meta.url));`;

/**
 * Writes the app, with all that it needs besides Node, to `folder`: `main.mjs`, its source map, native modules of this platform, `files/` with what is read
 * at run time (contracts, migrations), and `LICENSES.txt`. What was in the folder before is removed.
 *
 * @throws Error where something would be missing, naming the source that needs it.
 * @example await bundleApp('order', 'apps/order/dist'); // node apps/order/dist/main.mjs
 */
export async function bundleApp(app: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const placed = new Map<string, string>();
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: `apps/${app}/src/main.ts` },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    loader: { '.node': 'copy' },
    banner: { js: BANNER },
    // Optional natives of others; pg does without.
    external: ['pg-native'],
    metafile: true,
    logLevel: 'error',
    plugins: [placesPlugin(placed)],
  });
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const files = new Set(
    used.flatMap((file) => {
      const source = placed.get(file);
      return source === undefined ? [] : runtimeFilesOf(file, source);
    }),
  );
  await mkdir(path.join(folder, 'files'), { recursive: true });
  await writeFile(path.join(folder, 'LICENSES.txt'), await licensesOf(used));
  for (const file of files)
    await cp(path.join(ROOT, file), path.join(folder, 'files', file), { recursive: true, dereference: true });
}

/** Tells each source where it lies in the bundle, and remembers what it said before. */
function placesPlugin(placed: Map<string, string>): Plugin {
  return {
    name: 'places',
    setup(building) {
      building.onLoad({ filter: /\.(ts|mts|js|mjs|cjs)$/ }, async (args) => {
        const source = await readFile(args.path, 'utf8');
        if (!asksForItsPlace(source)) return undefined;
        const file = path.relative(ROOT, args.path);
        placed.set(file, source);
        return { contents: movedToBundle(file, source), loader: args.path.endsWith('ts') ? 'ts' : 'js' };
      });
    },
  };
}
