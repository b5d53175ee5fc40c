import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from './etcd-client.ts';

/** Starts a real etcd of one member on free ports with an empty folder. */
export async function startRealEtcd(binary: string): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'real-etcd-'));
  const [client, peer] = await Promise.all([freePort(), freePort()]);
  const [endpoint, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const urls = ['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint];
  const peers = ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl];
  const rest = ['--name', 'one', '--initial-cluster', `one=${peerUrl}`, '--data-dir', folder, '--log-level', 'error'];
  const process = spawn(binary, [...urls, ...peers, ...rest], { stdio: 'ignore' });
  const exited = once(process, 'exit');
  const probe = connect(endpoint);
  try {
    while (!(await probe.status().then(Boolean, () => false))) {
      if (process.exitCode !== null) throw new Error(`${binary} exited with ${process.exitCode}`);
      await sleep(50);
    }
  } finally {
    probe.close();
  }
  return {
    endpoint,
    async stop() {
      process.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
