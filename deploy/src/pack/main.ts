import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../root.ts';
import { buildLibs } from './build-libs.ts';

/** `node deploy/src/pack/main.ts rpc`: what `npm pack libs/rpc/dist` packs. */
const libs = process.argv.slice(2);
if (libs.length === 0 || !libs.every((lib) => existsSync(path.join(ROOT, 'libs', lib, 'src/index.ts')))) {
  process.stderr.write('usage: pack <library> …\n');
  process.exit(2);
}
await buildLibs(Object.fromEntries(libs.map((lib) => [lib, path.join(ROOT, 'libs', lib, 'dist')])));
