import { randomBytes } from 'node:crypto';
import { loadConfig } from '@stampede/config';
import { descriptorSet, UserServiceDefinition } from '@stampede/contracts';
import { locateBacking } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createLifecycle, systemClock } from '@stampede/lifecycle';
import { connectDatabase, migrate } from '@stampede/postgres';
import { createRegistrar } from '@stampede/registry';
import { createServer } from '@stampede/rpc';
import { createLogger, createMetrics, startAdminServer } from '@stampede/telemetry';
import { createPorts } from './create-ports.ts';
import { userService } from './rpc/user-service.ts';
import { settingsSchema } from './settings.ts';
import { createSessionSweeper } from './store/session-sweeper.ts';

const service = 'user';
const instance = `${service}-${randomBytes(6).toString('hex')}`;
const { env } = process;
const log = createLogger({ service, instance });
/** What is open, closed in the reverse order. */
const open = new AsyncDisposableStack();

async function start(signal: AbortSignal): Promise<void> {
  const { etcdEndpoints, databaseUrl, serviceSecret } = await locateBacking({ env, service, signal, log });
  if (databaseUrl === undefined) throw new Error('there is no database for this service: set DATABASE_URL');

  const etcd = connectEtcd({ endpoints: etcdEndpoints, log });
  open.defer(() => etcd.close());
  const config = await loadConfig({ service, schema: settingsSchema, env, etcd, log });
  open.defer(() => config.close());
  const { server: listen, database: limits } = config.current;

  await migrate({ url: databaseUrl, directory: new URL('./store/migrations/', import.meta.url), log, signal });
  const database = connectDatabase({
    url: databaseUrl,
    applicationName: instance,
    max: limits.connections,
    // No batch stands behind these rows: a second user of one token rather waits for the first than fails.
    lockTimeoutMs: 2_000,
    log,
  });
  open.defer(() => database.close());
  const ports = await createPorts(database, () => config.current);
  const sweeper = createSessionSweeper({
    database,
    schedule: (ms, run) => systemClock.schedule(ms, run),
    random: Math.random,
    log,
  });
  await sweeper.start();
  open.defer(() => sweeper.stop());

  const metrics = createMetrics({ service, instance });
  let ready = false;
  const admin = await startAdminServer({ host: listen.host, port: listen.adminPort, metrics, ready: () => ready, log });
  open.defer(() => admin.close());

  const server = createServer({
    service,
    instance,
    host: listen.host,
    port: listen.port,
    log,
    metrics,
    ...(serviceSecret !== undefined && { secret: serviceSecret }),
    usersFrom: ['gateway'],
    descriptors: await descriptorSet(),
  }).add(UserServiceDefinition, userService(ports));
  const address = await server.listen();
  open.defer(() => server.drain());
  server.setServing(true);
  const metadata = { version: '0.1.0', metrics: admin.address };
  const registrar = createRegistrar({ etcd, instance: { id: instance, service, address, metadata }, log });
  // Leaving begins here: say NOT_SERVING, be found no more, then drain.
  open.defer(async () => {
    ready = false;
    server.setServing(false);
    await registrar.stop();
  });
  await registrar.start();
  ready = true;
  log.info({ address, admin: admin.address }, 'serving');
}

await createLifecycle({ log })
  .add({
    name: service,
    start: (signal) =>
      start(signal).catch(async (error: unknown) => {
        await open.disposeAsync();
        throw error;
      }),
    stop: () => open.disposeAsync(),
  })
  .run();
