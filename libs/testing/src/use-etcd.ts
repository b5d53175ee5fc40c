import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedEtcd } from '@stampede/embedded';
import { eventually } from './eventually.ts';

export interface TestEtcd {
  /** `http://127.0.0.1:1234`. */
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/**
 * An empty etcd: the embedded one, in memory, or with `STAMPEDE_TEST_ETCD` (the path of an etcd binary) a real one.
 *
 * @example const { endpoint, stop } = await useEtcd(); onTestFinished(stop);
 */
export async function useEtcd(): Promise<TestEtcd> {
  const binary = process.env['STAMPEDE_TEST_ETCD'];
  if (binary !== undefined && binary !== '') return startRealEtcd(binary);
  const etcd = await startEmbeddedEtcd();
  return { endpoint: etcd.endpoint, stop: () => etcd.stop() };
}

/** Its ports are free when they are looked for; should another take one in the meantime, it is tried once more with others. */
async function startRealEtcd(binary: string): Promise<TestEtcd> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryRealEtcd(binary);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function tryRealEtcd(binary: string): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'test-etcd-'));
  const [endpoint, peer] = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const child = spawn(
    binary,
    [
      `--data-dir=${folder}`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // A cluster id of its own, as every new cluster has.
      `--initial-cluster-token=${folder}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = Promise.withResolvers<string>();
  const end = { over: false };
  const onEnd = (why: string) => {
    end.over = true;
    ended.resolve(why);
  };
  child.once('error', (error) => onEnd(error.message));
  child.once('exit', (code) => onEnd(`it ended with code ${code ?? 'of a signal'}`));
  const stop = async () => {
    child.kill('SIGKILL');
    if (child.pid !== undefined) await ended.promise;
    await rm(folder, { recursive: true, force: true });
  };
  const healthy = eventually(
    async () => {
      if (!end.over && !(await fetch(`${endpoint}/health`)).ok) throw new Error('etcd is not healthy yet');
    },
    { timeoutMs: 20_000, intervalMs: 50 },
  );
  try {
    await healthy;
    if (end.over) throw new Error(`${binary} did not start: ${await ended.promise}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

/** All are held until all are found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
