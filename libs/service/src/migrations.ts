import { locateBacking } from '@stampede/embedded';
import { AppError } from '@stampede/errors';
import { migrate } from '@stampede/postgres';
import { createLogger } from '@stampede/telemetry';

/** Whether a service runs its migrations itself, from `MIGRATE_AT_START` (`true` if unset); with `false` it waits for whoever runs them. */
export function migratesAtStart(env: NodeJS.ProcessEnv): boolean {
  const text = env['MIGRATE_AT_START'] || 'true';
  if (text !== 'true' && text !== 'false') {
    throw new AppError('INVALID_ARGUMENT', 'BAD_ENVIRONMENT', `MIGRATE_AT_START must be true or false, not ${text}`);
  }
  return text === 'true';
}

/** The command `migrate`: brings the database to today's shape and ends the process. Needs a database, and nothing else that a service needs. */
export async function migrateAndExit({
  service,
  migrations,
  env,
}: {
  readonly service: string;
  readonly migrations: URL;
  readonly env: NodeJS.ProcessEnv;
}): Promise<never> {
  const log = createLogger({ service, instance: 'migrate' });
  const { databaseUrl } = await locateBacking({ env, service, needs: ['database'], log });
  await migrate({ url: databaseUrlOf(databaseUrl, service), directory: migrations, log });
  log.info({}, 'the database is up to date');
  process.exit(0);
}

/** FAILED_PRECONDITION/DATABASE_URL_MISSING where nobody knows of a database. */
export function databaseUrlOf(url: string | undefined, service: string): string {
  if (url !== undefined) return url;
  throw new AppError('FAILED_PRECONDITION', 'DATABASE_URL_MISSING', `${service} has no database: set DATABASE_URL`);
}
