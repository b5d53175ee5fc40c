import { parseArgs } from 'node:util';
import { locateBacking } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { systemClock } from '@stampede/lifecycle';
import { createWatcher } from '@stampede/registry';
import { createChannel } from '@stampede/rpc';
import { createLogger } from '@stampede/telemetry';
import { dataDirOf } from '../settings.ts';
import { readBooks, type Books } from './books.ts';
import { checkBooks } from './check-books.ts';
import { reportText, type Audit } from './report.ts';

const LOCATE_MS = 5_000;
const PAUSE_MS = 250;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    wait: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run audit -- [--json] [--wait SECONDS]\n\nChecks every promise on the running stack of STAMPEDE_DATA. Waits up to --wait seconds (30) for orders in motion.\nExit status: 0 all hold, 1 one is broken, 2 the stack was not found or did not answer.\n',
  );
  process.exit(0);
}

try {
  process.exit((await audit()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`audit: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}

async function audit(): Promise<boolean> {
  const log = createLogger({ service: 'audit', instance: String(process.pid), level: 'fatal' });
  const env = { ...process.env, STAMPEDE_DATA: dataDirOf(process.env) };
  const backing = await locateBacking({ env, service: 'audit', needs: ['etcd', 'secret'], timeoutMs: LOCATE_MS }).catch(
    (cause: unknown) => {
      throw new Error(`no stack runs on ${env.STAMPEDE_DATA} (npm start brings one up; STAMPEDE_DATA names another)`, {
        cause,
      });
    },
  );
  const etcd = connectEtcd({ endpoints: backing.etcdEndpoints, log });
  const discovery = createWatcher({ etcd, log });
  const channel = (service: string) =>
    createChannel({ service, discovery, caller: { service: 'audit', secret: backing.serviceSecret ?? '' }, log });
  const channels = { order: channel('order'), inventory: channel('inventory'), payment: channel('payment') };
  try {
    await Promise.all(Object.values(channels).map((each) => each.ready(AbortSignal.timeout(LOCATE_MS))));
    const books = await readQuietBooks(() => readBooks(channels), Number(values.wait) * 1_000);
    const findings = checkBooks(books);
    const result: Audit = { clean: findings.every(({ broken }) => broken === 0), moving: books.moving.size, findings };
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : reportText(result));
    return result.clean;
  } finally {
    await Promise.all(Object.values(channels).map((each) => each.close()));
    await discovery.close();
    await etcd.close();
  }
}

async function readQuietBooks(read: () => Promise<Books>, patienceMs: number): Promise<Books> {
  const giveUpAt = systemClock.monotonic() + patienceMs;
  for (;;) {
    const books = await read();
    if (books.moving.size === 0 || systemClock.monotonic() > giveUpAt) return books;
    await systemClock.sleep(PAUSE_MS);
  }
}
