import { descriptorSet, UserServiceDefinition } from '@stampede/contracts';
import { systemClock } from '@stampede/lifecycle';
import { createService } from '@stampede/service';
import { createPorts } from './create-ports.ts';
import { userService } from './rpc/user-service.ts';
import { settingsSchema } from './settings.ts';
import { createSessionSweeper } from './store/session-sweeper.ts';

const service = await createService({
  service: 'user',
  schema: settingsSchema,
  migrations: new URL('./store/migrations/', import.meta.url),
  usersFrom: ['gateway'],
  descriptors: await descriptorSet(),
  // No batch stands behind these rows: a second user of one token rather waits for the first than fails.
  database: ({ database }) => ({ max: database.connections, lockTimeoutMs: 2_000 }),
});
const { database, config, log } = service;
const ports = await createPorts(database, () => config.current, log);
const sweeper = createSessionSweeper({
  database,
  schedule: (ms, run) => systemClock.schedule(ms, run),
  random: Math.random,
  log,
});

service.server.add(UserServiceDefinition, userService(ports));
await service.add({ name: 'session sweeper', start: () => sweeper.start(), stop: () => sweeper.stop() }).run();
