import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

/** An etcd in a process of its own, which may be killed, frozen and brought back where it was. */
export interface EtcdProcess {
  /** `http://127.0.0.1:1234`; stays the same. */
  readonly endpoint: string;
  readonly pid: number;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again, with what it had on its disk, or `empty`, as another cluster. */
  start(how?: 'kept' | 'empty'): Promise<void>;
  /** Kills it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded etcd or, with `STAMPEDE_TEST_ETCD` (the path of an etcd binary), a real one.
 *
 * @example const etcd = await startEtcdProcess(); onTestFinished(() => etcd.stop()); await etcd.kill(); await etcd.start('empty');
 */
export async function startEtcdProcess(): Promise<EtcdProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'test-etcd-'));
  const [port, peerPort] = (await freePorts(2)) as [number, number];
  const endpoint = `http://127.0.0.1:${port}`;
  let clusters = 0;
  let child: ChildProcess | undefined;

  async function launch(): Promise<void> {
    const binary = process.env['STAMPEDE_TEST_ETCD'] ?? '';
    const dataDir = join(folder, String(clusters));
    const launched = binary === '' ? forkEmbedded(dataDir, port) : spawnReal(binary, dataDir, endpoint, peerPort);
    child = launched.child;
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    child.once('error', (error) => end(error.message));
    child.once('exit', (code) => end(`it ended with code ${code ?? 'of a signal'}`));
    const trouble = await Promise.race([launched.ready, ended]);
    if (trouble === undefined) return;
    await rm(folder, { recursive: true, force: true });
    throw new Error(`${binary || 'the embedded etcd'} did not start: ${trouble}`);
  }

  async function kill(): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  await launch();
  return {
    endpoint,
    get pid() {
      return child?.pid ?? Number.NaN;
    },
    kill,
    async start(how = 'kept') {
      if (how === 'empty') clusters += 1;
      await launch();
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Launched {
  readonly child: ChildProcess;
  readonly ready: Promise<undefined>;
}

function forkEmbedded(dataDir: string, port: number): Launched {
  const child = fork(fileURLToPath(new URL('./etcd-server.ts', import.meta.url)), [dataDir, String(port)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return { child, ready: once(child, 'message').then(() => undefined) };
}

function spawnReal(binary: string, dataDir: string, endpoint: string, peerPort: number): Launched {
  const peer = `http://127.0.0.1:${peerPort}`;
  const args = [
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // A cluster id of its own, as every new cluster has.
    `--initial-cluster-token=${dataDir}`,
  ];
  const child = spawn(binary, args, { stdio: 'ignore' });
  const healthy = async () => {
    if (!(await fetch(`${endpoint}/health`)).ok) throw new Error('etcd is not healthy yet');
  };
  return { child, ready: eventually(healthy, { timeoutMs: 20_000, intervalMs: 50 }).then(() => undefined) };
}

/** All are held until all are found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
