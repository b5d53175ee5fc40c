import { descriptorSet, UserServiceDefinition } from '@stampede/contracts';
import { systemClock } from '@stampede/lifecycle';
import { createService } from '@stampede/service';
import { createChore } from './chore.ts';
import { createPorts } from './create-ports.ts';
import { makeSigningKey } from './crypto/make-signing-key.ts';
import { userService } from './rpc/user-service.ts';
import { MAX_ACCESS_SECONDS, settingsSchema } from './settings.ts';
import { deleteExpiredSessions } from './store/delete-expired-sessions.ts';
import { createPostgresSigningKeys } from './store/postgres-signing-keys.ts';

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
const keys = createPostgresSigningKeys(database);
const often = { schedule: (ms: number, run: () => void) => systemClock.schedule(ms, run), random: Math.random, log };
const sweeper = createChore({
  ...often,
  name: 'deleting expired sessions',
  everyMs: 3_600_000,
  async work() {
    const sessions = await deleteExpiredSessions(database);
    if (sessions > 0) log.info({ sessions }, 'deleted expired sessions');
  },
});
const rotation = createChore({
  ...often,
  name: 'rotating the signing key',
  everyMs: 30_000,
  async work() {
    const kid = await keys.rotate(makeSigningKey, { ...config.current.keys, verifySeconds: MAX_ACCESS_SECONDS });
    if (kid !== undefined) log.info({ kid }, 'made the next signing key');
  },
});

service.server.add(UserServiceDefinition, userService(ports));
await service.add(sweeper).add(rotation).run();
