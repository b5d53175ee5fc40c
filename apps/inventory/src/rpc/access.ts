import { AppError } from '@stampede/errors';
import type { ServerContext } from '@stampede/rpc';

/** Throws UNAUTHENTICATED or PERMISSION_DENIED unless the call is made for an operator. */
export function requireOperator({ user }: Pick<ServerContext, 'user'>): void {
  if (user === undefined) throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'log in first');
  if (!user.roles.includes('operator')) throw denied('only operators may do this');
}

/** Throws PERMISSION_DENIED unless the caller has proven to be that service. */
export function requireCaller({ caller }: Pick<ServerContext, 'caller'>, service: string): void {
  if (caller !== service) throw denied(`only the service ${service} may do this`);
}

function denied(message: string): AppError {
  return new AppError('PERMISSION_DENIED', 'PERMISSION_DENIED', message);
}
