export { backoffMs, type BackoffOptions } from './backoff.ts';
export { connectEtcd, type EtcdOptions } from './connect-etcd.ts';
export { etcdError, isEtcdError, type EtcdReason } from './etcd-error.ts';
export type {
  Entry,
  Etcd,
  EtcdLog,
  Lease,
  Listing,
  Position,
  PutOptions,
  Watch,
  WatchEnd,
  WatchEvent,
  WatchHandlers,
} from './etcd.ts';
export { followPrefix, type Changes, type Follower, type FollowOptions } from './follow-prefix.ts';
export {
  createMemoryEtcd,
  type Fate,
  type MemoryClient,
  type MemoryClientOptions,
  type MemoryEtcd,
} from './memory-etcd.ts';
export type { MemoryStore } from './memory-store.ts';
export { keepLease, type KeepLeaseOptions, type LeaseLoss } from './keep-lease.ts';
