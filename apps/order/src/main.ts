import { descriptorSet, OrderServiceDefinition } from '@stampede/contracts';
import { systemClock as clock } from '@stampede/lifecycle';
import { crashAt, createService } from '@stampede/service';
import { configSchema } from './config.ts';
import { ALL_CRASH_POINTS } from './domain/crash-points.ts';
import { createOrderApp, MIGRATIONS } from './order-app.ts';

const service = await createService({
  service: 'order',
  schema: configSchema,
  migrations: MIGRATIONS,
  usersFrom: ['gateway'],
  descriptors: await descriptorSet(),
  database: ({ database }) => ({ max: database.connections }),
});
const { env, instance, config, log, database: db } = service;
const { connections: max } = config.current.database;
const replica = env['DATABASE_READ_URL'] ?? '';
const crash = crashAt(env, 'order', ALL_CRASH_POINTS);
const app = await createOrderApp({
  instance,
  db,
  readDb: replica === '' ? db : service.connect('read', { url: replica, max }),
  booksDb: service.connect('books', { max: 1, acquireTimeoutMs: 60_000, statementTimeoutMs: 60_000 }),
  inventory: service.channel('inventory'),
  payment: service.channel('payment'),
  config: () => config.current,
  clock,
  random: Math.random,
  log,
  ...(crash !== undefined && { crash }),
});
service.server.add(OrderServiceDefinition, app.handlers);
await service.add({ name: 'sagas', start: () => app.start(), stop: () => app.stop(4_000) }).run();
