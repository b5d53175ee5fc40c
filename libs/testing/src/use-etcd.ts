import { startEmbeddedEtcd } from '@stampede/embedded';
import { startEtcdProcess } from './etcd-process.ts';

export interface TestEtcd {
  /** `http://127.0.0.1:1234`. */
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/**
 * An empty etcd: the embedded one, in memory and in this process, or with `STAMPEDE_TEST_ETCD` (the path of an etcd binary) a real one.
 *
 * @example const { endpoint, stop } = await useEtcd(); onTestFinished(stop);
 */
export async function useEtcd(): Promise<TestEtcd> {
  if (!process.env['STAMPEDE_TEST_ETCD']) {
    const etcd = await startEmbeddedEtcd();
    return { endpoint: etcd.endpoint, stop: () => etcd.stop() };
  }
  const server = await attempt(3);
  return { endpoint: server.endpoint, stop: () => server.stop() };
}

/** Ports are free when they are looked for; should another take one in the meantime, it is tried once more with others. */
async function attempt(attempts: number): ReturnType<typeof startEtcdProcess> {
  try {
    return await startEtcdProcess();
  } catch (error) {
    if (attempts === 1) throw error;
    return attempt(attempts - 1);
  }
}
