import type { EtcdLog } from '@stampede/etcd';

const say = () => undefined;

/** A log for specs that do not look at it. */
export const silent: EtcdLog = { debug: say, info: say, warn: say, error: say };
