import { startEmbeddedEtcd, type EmbeddedEtcdOptions } from '../start-embedded-etcd.ts';

/** Bytes. */
export interface MemoryReport {
  readonly heapUsed: number;
  readonly external: number;
}

/** A server that says what it holds when it is asked: `node --expose-gc memory-server.ts <options as JSON>`. Ends with its parent. */
const options = JSON.parse(process.argv[2] ?? '{}') as EmbeddedEtcdOptions;
const { endpoint } = await startEmbeddedEtcd(options);
process.send?.(endpoint);
process.on('message', () => {
  // What the first frees may hold what the second frees.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heapUsed, external } satisfies MemoryReport);
});
process.on('disconnect', () => process.exit());
