import { randomBytes } from 'node:crypto';
import { loadConfig } from '@stampede/config';
import { descriptorSet, PaymentServiceDefinition } from '@stampede/contracts';
import { locateBacking } from '@stampede/embedded';
import { AppError } from '@stampede/errors';
import { connectEtcd } from '@stampede/etcd';
import { createLifecycle, systemClock as clock } from '@stampede/lifecycle';
import { migrate } from '@stampede/postgres';
import { createRegistrar } from '@stampede/registry';
import { createServer } from '@stampede/rpc';
import { createLogger, createMetrics, startAdminServer } from '@stampede/telemetry';
import { configSchema } from './config.ts';
import { crashAt } from './crash-at.ts';
import { createPaymentApp, MIGRATIONS } from './payment-app.ts';

const service = 'payment';
const instance = `${service}-${randomBytes(6).toString('hex')}`;
const { env } = process;
const log = createLogger({ service, instance });
/** What is open, closed in the reverse order. */
const open = new AsyncDisposableStack();

async function start(signal: AbortSignal): Promise<void> {
  const crash = crashAt(env);
  const { etcdEndpoints, databaseUrl, serviceSecret } = await locateBacking({ env, service, signal, log });
  if (databaseUrl === undefined) throw new AppError('FAILED_PRECONDITION', 'NO_DATABASE', 'DATABASE_URL is not set');

  const etcd = connectEtcd({ endpoints: etcdEndpoints, log });
  open.defer(() => etcd.close());
  const config = await loadConfig({ service, schema: configSchema, env, etcd, log });
  open.defer(() => config.close());
  const { host, port, adminPort } = config.current.server;

  await migrate({ url: databaseUrl, directory: MIGRATIONS, log, signal });
  const app = createPaymentApp({ instance, databaseUrl, config: () => config.current, clock, log, crash });
  open.defer(() => app.close());
  const recovering = new AbortController();
  const recovered = app.recovery.run(recovering.signal);
  open.defer(async () => {
    recovering.abort();
    await recovered;
  });

  const metrics = createMetrics({ service, instance });
  let ready = false;
  const admin = await startAdminServer({ host, port: adminPort, metrics, ready: () => ready, log });
  open.defer(() => admin.close());
  const secret = serviceSecret === undefined ? {} : { secret: serviceSecret };
  const descriptors = await descriptorSet();
  const server = createServer({ service, instance, host, port, log, metrics, ...secret, usersFrom: [], descriptors });
  const address = await server.add(PaymentServiceDefinition, app.service).listen();
  open.defer(() => server.drain({ timeoutMs: 20_000 }));
  server.setServing(true);

  const metadata = { version: '0.1.0', metrics: admin.address };
  const registrar = createRegistrar({ etcd, instance: { id: instance, service, address, metadata }, log });
  // Leaving begins here: be found no more, then drain.
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
