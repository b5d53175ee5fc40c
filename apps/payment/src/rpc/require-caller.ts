import { AppError } from '@stampede/errors';

/** Lets only `service` pass: UNAUTHENTICATED for who has not proven who it is, PERMISSION_DENIED for others. */
export function requireCaller({ caller }: { readonly caller: string | undefined }, service: string): void {
  if (caller === service) return;
  if (caller === undefined) {
    throw new AppError('UNAUTHENTICATED', 'UNAUTHENTICATED', 'the calling service has not proven which one it is');
  }
  throw new AppError('PERMISSION_DENIED', 'PERMISSION_DENIED', `only ${service} may call this, not ${caller}`);
}
