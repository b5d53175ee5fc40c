import { randomBytes } from 'node:crypto';
import { loadConfig } from '@stampede/config';
import { descriptorSet, OrderServiceDefinition } from '@stampede/contracts';
import { locateBacking } from '@stampede/embedded';
import { AppError } from '@stampede/errors';
import { connectEtcd } from '@stampede/etcd';
import { createLifecycle, systemClock as clock } from '@stampede/lifecycle';
import { connectDatabase, migrate } from '@stampede/postgres';
import { createRegistrar, createWatcher } from '@stampede/registry';
import { createChannel, createServer } from '@stampede/rpc';
import { createLogger, createMetrics, startAdminServer } from '@stampede/telemetry';
import { configSchema } from './config.ts';
import { crashAt } from './crash-at.ts';
import { createOrderApp } from './order-app.ts';

const service = 'order';
const instance = `${service}-${randomBytes(6).toString('hex')}`;
const { env } = process;
const log = createLogger({ service, instance });
/** What is open, closed in the reverse order. */
const open = new AsyncDisposableStack();

async function start(signal: AbortSignal): Promise<void> {
  const { etcdEndpoints, databaseUrl, serviceSecret } = await locateBacking({ env, service, signal, log });
  if (databaseUrl === undefined) throw new AppError('FAILED_PRECONDITION', 'NO_DATABASE', 'DATABASE_URL is not set');
  const secret = serviceSecret === undefined ? {} : { secret: serviceSecret };

  const etcd = connectEtcd({ endpoints: etcdEndpoints, log });
  open.defer(() => etcd.close());
  const config = await loadConfig({ service, schema: configSchema, env, etcd, log });
  open.defer(() => config.close());
  const { server: listen, database } = config.current;

  await migrate({ url: databaseUrl, directory: new URL('./store/migrations/', import.meta.url), log, signal });
  const connect = (url: string) => {
    const db = connectDatabase({ url, applicationName: instance, max: database.connections, log });
    open.defer(() => db.close());
    return db;
  };
  const db = connect(databaseUrl);
  const readUrl = env['DATABASE_READ_URL'] ?? '';
  const readDb = readUrl === '' ? db : connect(readUrl);

  const metrics = createMetrics({ service, instance });
  const discovery = createWatcher({ etcd, log });
  open.defer(() => discovery.close());
  const channelTo = (name: string) => {
    const channel = createChannel({ service: name, discovery, caller: { service, ...secret }, log, metrics });
    open.defer(() => channel.close());
    return channel;
  };
  const [inventory, payment] = [channelTo('inventory'), channelTo('payment')];

  const crash = crashAt(env);
  const app = await createOrderApp({
    ...{ instance, db, readDb, inventory, payment, clock, random: Math.random, log, crash },
    config: () => config.current,
  });
  open.defer(() => app.stop(8_000));

  let ready = false;
  const admin = await startAdminServer({ host: listen.host, port: listen.adminPort, metrics, ready: () => ready, log });
  open.defer(() => admin.close());
  const descriptors = await descriptorSet();
  const { host, port } = listen;
  const server = createServer({
    service,
    instance,
    host,
    port,
    log,
    metrics,
    ...secret,
    usersFrom: ['gateway'],
    descriptors,
  });
  const address = await server.add(OrderServiceDefinition, app.handlers).listen();
  open.defer(() => server.drain({ timeoutMs: 15_000 }));
  server.setServing(true);

  const metadata = { version: '0.1.0', metrics: admin.address };
  const registrar = createRegistrar({ etcd, instance: { id: instance, service, address, metadata }, log });
  // Leaving begins here: be found no more, end what would never end by itself; then drain, and bring sagas to a rest.
  open.defer(async () => {
    ready = false;
    server.setServing(false);
    await registrar.stop();
    app.endWatches();
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
