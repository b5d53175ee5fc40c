import { AppError } from '@stampede/errors';

const DEFAULT_SECONDS = 10;

/**
 * How long a registration outlives its process, from `REGISTRATION_LEASE_SECONDS`: 2 (etcd grants no less) to 600, 10 if unset or empty. To be
 * the same in every process of a shop, since watchers judge by it whether many leave at once.
 */
export function leaseSecondsOf(env: NodeJS.ProcessEnv): number {
  const text = env['REGISTRATION_LEASE_SECONDS'] ?? '';
  if (text === '') return DEFAULT_SECONDS;
  const seconds = Number(text);
  if (!/^\d{1,3}$/.test(text) || seconds < 2 || seconds > 600) {
    throw new AppError('INVALID_ARGUMENT', 'BAD_LEASE', `REGISTRATION_LEASE_SECONDS must be 2 to 600, not ${text}`);
  }
  return seconds;
}
