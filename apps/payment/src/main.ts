import { descriptorSet, PaymentServiceDefinition } from '@stampede/contracts';
import { systemClock as clock } from '@stampede/lifecycle';
import { crashAt, createService } from '@stampede/service';
import { configSchema } from './config.ts';
import { CRASH_POINTS } from './domain/crash-points.ts';
import { createPaymentApp, MIGRATIONS } from './payment-app.ts';

const service = await createService({
  service: 'payment',
  schema: configSchema,
  migrations: MIGRATIONS,
  descriptors: await descriptorSet(),
  database: ({ database }) => ({ max: database.connections }),
});
const { env, config, log, database: db } = service;
const world = service.connect('sandbox', { max: config.current.database.connections });
const crash = crashAt(env, 'payment', CRASH_POINTS);
const app = createPaymentApp({ db, world, config: () => config.current, clock, log, crash });

const recovering = new AbortController();
let recovered: Promise<void> | undefined;
service.server.add(PaymentServiceDefinition, app.service);
await service
  .add({
    name: 'recovery',
    start() {
      recovered = app.recovery.run(recovering.signal);
      return Promise.resolve();
    },
    async stop() {
      recovering.abort();
      await recovered;
    },
  })
  .run();
