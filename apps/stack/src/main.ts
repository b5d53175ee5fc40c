import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { claimFolder, DataDirInUseError } from '@stampede/embedded';
import { createLifecycle } from '@stampede/lifecycle';
import { createLogger } from '@stampede/telemetry';
import { findApps } from './apps.ts';
import { createBacking } from './backing/start-backing.ts';
import { loadCredentials } from './credentials.ts';
import { assertFreePort } from './free-port.ts';
import { createOpening } from './opening.ts';
import { readSettings } from './settings.ts';
import { createApps } from './start-apps.ts';

const LEAVING_MS = 20_000;

const print = (text: string): void => void process.stdout.write(text);
// Whoever read us may be gone before we are.
process.stdout.on('error', () => undefined);
const say = (line: string): void => print(`${line}\n`);
const log = createLogger({ service: 'stack', instance: String(process.pid), level: 'warn' });

try {
  const settings = readSettings(process.env, process.argv.slice(2), findApps());
  await mkdir(settings.dataDir, { recursive: true });
  const unclaim = await claimFolder(settings.dataDir);
  // The gateway of a stack that was killed may still be on its way out.
  const patienceMs = existsSync(path.join(settings.dataDir, 'stack.json')) ? LEAVING_MS : 0;
  if (settings.mode === 'apps') await assertFreePort(settings.host, settings.port, patienceMs);
  const credentials = await loadCredentials(settings.dataDir, settings.operatorPassword);
  const databases = settings.apps.filter(({ database }) => database).map(({ name }) => name);
  const backing = createBacking({ dataDir: settings.dataDir, databases, credentials, env: process.env, say });
  say(`Starting Stampede in ${settings.dataDir} …`);
  const lifecycle = createLifecycle({ log, stopTimeoutMs: 90_000 })
    .add({ name: 'data folder', stop: unclaim })
    .add(backing);
  if (settings.mode === 'apps') lifecycle.add(createApps(settings, say));
  await lifecycle.add(createOpening({ settings, backing, credentials, log, print })).run();
} catch (error) {
  process.stderr.write(
    error instanceof DataDirInUseError
      ? `a stack already runs on this data (process ${error.pid}); set STAMPEDE_DATA and PORT to run another\n`
      : `${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
