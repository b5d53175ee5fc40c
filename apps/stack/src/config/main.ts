import { parseArgs } from 'node:util';
import { locateBacking } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createLogger } from '@stampede/telemetry';
import { dataDirOf } from '../settings.ts';

const USAGE = `npm run config                               list what is set
npm run config -- put inventory/log/level '"debug"'   set a value (JSON) of a service
npm run config -- delete inventory/log/level          forget it (services keep the last value until they start anew)

Keys are /config/<service>/<path> in the running stack's etcd. Services take a change within a second; a value that breaks their rules
changes nothing and is logged.
`;

const { positionals } = parseArgs({ allowPositionals: true });
const [verb = 'list', key = '', json = ''] = positionals;
const known = verb === 'list' || (verb === 'delete' && key !== '') || (verb === 'put' && key !== '' && isJson(json));
if (!known) {
  process.stderr.write(verb === 'put' && key !== '' ? `config: ${JSON.stringify(json)} is not JSON\n` : USAGE);
  process.exit(2);
}

const env = { ...process.env, STAMPEDE_DATA: dataDirOf(process.env) };
const log = createLogger({ service: 'config', instance: String(process.pid), level: 'error' });
try {
  const { etcdEndpoints } = await locateBacking({ env, service: 'config', needs: ['etcd'], timeoutMs: 5_000 });
  const etcd = connectEtcd({ endpoints: etcdEndpoints, log });
  const path = `/config/${key.replace(/^\/?(config\/)?/, '')}`;
  if (verb === 'put') await etcd.put(path, json);
  else if (verb === 'delete') await etcd.delete(path);
  else for (const entry of (await etcd.list('/config/')).entries) process.stdout.write(`${entry.key} ${entry.value}\n`);
  await etcd.close();
} catch (error) {
  process.stderr.write(`config: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
