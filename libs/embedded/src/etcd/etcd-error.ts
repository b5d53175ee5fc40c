import { status } from '@grpc/grpc-js';

/**
 * A refusal as etcd words it: clients compare the text (https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go).
 * Its shape is what grpc-js sends as the status of a call.
 */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

const refusal = (code: status, details: string) => () => new EtcdError(code, `etcdserver: ${details}`);

export const emptyKey = refusal(status.INVALID_ARGUMENT, 'key is not provided');
export const keyNotFound = refusal(status.INVALID_ARGUMENT, 'key not found');
export const valueProvided = refusal(status.INVALID_ARGUMENT, 'value is provided');
export const leaseProvided = refusal(status.INVALID_ARGUMENT, 'lease is provided');
export const tooManyOps = refusal(status.INVALID_ARGUMENT, 'too many operations in txn request');
export const duplicateKey = refusal(status.INVALID_ARGUMENT, 'duplicate key given in txn request');
export const invalidSortOption = refusal(status.INVALID_ARGUMENT, 'invalid sort option');
export const requestTooLarge = refusal(status.INVALID_ARGUMENT, 'request is too large');
export const compacted = refusal(status.OUT_OF_RANGE, 'mvcc: required revision has been compacted');
export const futureRevision = refusal(status.OUT_OF_RANGE, 'mvcc: required revision is a future revision');
export const noSpace = refusal(status.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded');
export const leaseNotFound = refusal(status.NOT_FOUND, 'requested lease not found');
export const leaseExists = refusal(status.FAILED_PRECONDITION, 'lease already exists');
export const leaseTtlTooLarge = refusal(status.OUT_OF_RANGE, 'too large lease TTL');
export const serverStopped = refusal(status.UNAVAILABLE, 'server stopped');
