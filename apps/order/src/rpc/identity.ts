import { AppError, invalid } from '@stampede/errors';
import type { ServerContext } from '@stampede/rpc';
import type { Actor } from '../domain/change-order.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The id of an order in a request; throws INVALID_ARGUMENT where it cannot be one. */
export function checkedOrderId(id: string): string {
  if (!isUuid(id)) throw invalid({ field: 'id', description: 'must be a UUID' });
  return id.toLowerCase();
}

/** Whom the call is made for; throws UNAUTHENTICATED where no proven caller says so. */
export function requireActor({ user }: Pick<ServerContext, 'user'>): Actor {
  if (user === undefined || !isUuid(user.id)) {
    throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'log in first');
  }
  return { userId: user.id.toLowerCase(), operator: user.roles.includes('operator') };
}

/** Lets only the service `name` pass. */
export function requireCaller({ caller }: Pick<ServerContext, 'caller'>, name: string): void {
  if (caller === name) return;
  if (caller === undefined) {
    throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'the calling service has not proven which one it is');
  }
  throw new AppError('PERMISSION_DENIED', 'PERMISSION_DENIED', `only ${name} may call this, not ${caller}`);
}
