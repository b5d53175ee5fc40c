import path from 'node:path';
import { ROOT } from '../root.ts';
import { bundleApp } from './bundle-app.ts';

/** `node deploy/src/bundle/main.ts order`: the bundle of an app in its `dist/`. */
const [app = ''] = process.argv.slice(2);
if (!/^[a-z][a-z0-9-]*$/.test(app)) {
  process.stderr.write('usage: bundle <app>\n');
  process.exit(2);
}
await bundleApp(app, path.join(ROOT, 'apps', app, 'dist'));
