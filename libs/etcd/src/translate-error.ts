import type { AppError } from '@stampede/errors';
import { etcdError, isEtcdError, type EtcdReason } from './etcd-error.ts';

/** What etcd's own sentences mean, whatever status code they come with. @see https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go */
const SENTENCES: readonly (readonly [string, EtcdReason])[] = [
  ['requested lease not found', 'ETCD_LEASE_NOT_FOUND'],
  ['required revision has been compacted', 'ETCD_COMPACTED'],
  ['etcdserver: request timed out', 'ETCD_TIMEOUT'],
  ['etcdserver: leader changed', 'ETCD_UNAVAILABLE'],
  ['etcdserver: no leader', 'ETCD_UNAVAILABLE'],
  ['client was already closed', 'ETCD_CLOSED'],
];

/** gRPC status codes after which nobody knows what the server did: CANCELLED, UNKNOWN, INTERNAL (a reset stream), UNAVAILABLE. */
const LOST = new Set([1, 2, 13, 14]);
const DEADLINE_EXCEEDED = 4;

/** Whatever the client below has thrown, as one of our own failures. */
export function translateError(thrown: unknown): AppError<EtcdReason> {
  if (isEtcdError(thrown)) return thrown as AppError<EtcdReason>;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return etcdError(reasonOf(message), message, thrown);
}

function reasonOf(message: string): EtcdReason {
  const sentence = SENTENCES.find(([words]) => message.includes(words));
  if (sentence !== undefined) return sentence[1];
  // The client drops the code when it wraps an error, but grpc-js has written it into the message: "14 UNAVAILABLE: …".
  const code = Number(/\b(\d{1,2}) [A-Z_]+: /.exec(message)?.[1] ?? NaN);
  if (code === DEADLINE_EXCEEDED) return 'ETCD_TIMEOUT';
  return LOST.has(code) ? 'ETCD_UNAVAILABLE' : 'ETCD_REFUSED';
}
