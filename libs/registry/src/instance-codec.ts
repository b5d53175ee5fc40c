import type { Instance } from '@stampede/rpc';

/** How instances are written into etcd: the one place that knows the format. */
export interface InstanceCodec {
  /** Every instance's key starts with it. */
  readonly prefix: string;
  /** What every key of the services starts with whose name starts with `start`. */
  prefixOf(start: string): string;
  /** A key behind all keys of the service, and not behind those of any later one. */
  behind(service: string): string;
  key(service: string, id: string): string;
  value(instance: Instance): string;
  /** The service that a key belongs to; undefined if it is no instance's key. */
  serviceOf(key: string): string | undefined;
  /** The instance that is written there; undefined if nobody can read it. */
  read(key: string, value: string): Instance | undefined;
}
