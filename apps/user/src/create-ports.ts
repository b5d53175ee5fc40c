import { awaitDatabase, type AwaitDatabaseOptions, type Database } from '@stampede/postgres';
import { uuidv7 } from 'uuidv7';
import { createArgon2Hasher } from './crypto/argon2-hasher.ts';
import { createHashQueue } from './crypto/hash-queue.ts';
import { createJwtIssuer } from './crypto/jwt-issuer.ts';
import { makeSigningKey } from './crypto/make-signing-key.ts';
import type { UserServicePorts } from './rpc/user-service.ts';
import type { Settings } from './settings.ts';
import { createPostgresAccounts } from './store/postgres-accounts.ts';
import { createPostgresSessions } from './store/postgres-sessions.ts';
import { createPostgresSigningKeys } from './store/postgres-signing-keys.ts';

/**
 * The domain's ports on a migrated database; makes the first signing key, for which a database that is away is waited for. `settings` is asked
 * at each use, so that changes are in force at once.
 */
export async function createPorts(
  database: Database,
  settings: () => Settings,
  log: AwaitDatabaseOptions['log'],
): Promise<UserServicePorts> {
  const keys = createPostgresSigningKeys(database);
  await awaitDatabase(() => keys.ensure(makeSigningKey), { log });
  return {
    accounts: createPostgresAccounts(database),
    sessions: createPostgresSessions(database),
    hasher: createArgon2Hasher({
      parameters: () => settings().passwords,
      queue: createHashQueue(() => settings().passwords),
    }),
    tokens: createJwtIssuer({ keys, lifetimes: () => settings().tokens }),
    keys,
    newId: uuidv7,
  };
}
