import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ownerOf, removeEmbeddedPostgres } from '@stampede/embedded';
import { createLogger } from '@stampede/telemetry';
import { dataDirOf } from '../settings.ts';

/** Deletes all data of a stack that does not run. */
const dataDir = dataDirOf(process.env);
const owner = await ownerOf(dataDir);
if (owner !== undefined) {
  process.stderr.write(`reset: a stack runs on ${dataDir} (process ${owner}); stop it first\n`);
  process.exit(1);
}
await removeEmbeddedPostgres(
  path.join(dataDir, 'postgres'),
  createLogger({ service: 'reset', instance: String(process.pid), level: 'warn' }),
);
await rm(dataDir, { recursive: true, force: true });
process.stdout.write(`${dataDir} is gone\n`);
