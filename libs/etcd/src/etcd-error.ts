import { AppError, type Code } from '@stampede/errors';

/** Why etcd did not do what it was asked. */
export type EtcdReason =
  /** No answer came, or the connection was lost: a write may or may not have happened. */
  | 'ETCD_UNAVAILABLE'
  /** No answer in time: a write may or may not have happened. */
  | 'ETCD_TIMEOUT'
  /** The revision is no longer kept. */
  | 'ETCD_COMPACTED'
  /** The lease has expired, was revoked or never was. */
  | 'ETCD_LEASE_NOT_FOUND'
  /** The client was closed. */
  | 'ETCD_CLOSED'
  /** The server understood and will not: no space, no permission, a malformed request. */
  | 'ETCD_REFUSED';

const CODE_OF = {
  ETCD_UNAVAILABLE: 'UNAVAILABLE',
  ETCD_TIMEOUT: 'DEADLINE_EXCEEDED',
  ETCD_COMPACTED: 'OUT_OF_RANGE',
  ETCD_LEASE_NOT_FOUND: 'NOT_FOUND',
  ETCD_CLOSED: 'CANCELLED',
  ETCD_REFUSED: 'FAILED_PRECONDITION',
} as const satisfies Record<EtcdReason, Code>;

export function etcdError(reason: EtcdReason, message: string, cause?: unknown): AppError<EtcdReason> {
  return new AppError(CODE_OF[reason], reason, message, { cause });
}

/**
 * Whether `error` is a failure of etcd for the given reason, or for any if none is given.
 *
 * @example if (isEtcdError(error, 'ETCD_LEASE_NOT_FOUND')) grantAnother();
 */
export function isEtcdError(error: unknown, reason?: EtcdReason): boolean {
  if (!(error instanceof AppError) || !(error.reason in CODE_OF)) return false;
  return reason === undefined || error.reason === reason;
}
