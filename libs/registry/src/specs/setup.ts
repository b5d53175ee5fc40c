import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectEtcd, type Etcd } from '@stampede/etcd';
import { createChannel, createServer, type InstanceSet, type RpcServer } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { onTestFinished } from 'vitest';
import { createWatcher, type WatcherOptions } from '../create-watcher.ts';
import { grpcNaming } from '../grpc-naming.ts';
import { who, WhoServiceDefinition } from './who-service.ts';

/** Short, so that five of them are soon over; etcd grants no shorter one. */
export const LEASE_SECONDS = 2;
export const keyOf = (id: string) => grpcNaming.key('who', id);

export function connect(endpoint: string): Etcd {
  const etcd = connectEtcd({ endpoints: [endpoint], log: silentLogger() });
  onTestFinished(() => etcd.close());
  return etcd;
}

/** A process that serves and is registered. */
export async function startInstance(id: string, endpoint: string) {
  const script = fileURLToPath(new URL('instance-process.ts', import.meta.url));
  const child: ChildProcess = fork(script, [id, endpoint, String(LEASE_SECONDS)], { execArgv: [] });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await Promise.race([once(child, 'message'), exited]);
  return {
    alive: () => child.exitCode === null && child.signalCode === null,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    /** Resolves when it has left, in the orderly way. */
    async leave() {
      child.send('leave');
      await exited;
    },
  };
}

/** A server in this process that nobody registers but the test. */
export async function serve(id: string, port = 0): Promise<{ server: RpcServer; address: string; value: string }> {
  const server = createServer({ service: 'who', instance: id, port, log: silentLogger() });
  server.add(WhoServiceDefinition, { who: () => Promise.resolve(id) });
  const address = await server.listen();
  server.setServing(true);
  onTestFinished(() => server.drain({ timeoutMs: 0 }));
  return { server, address, value: grpcNaming.value({ id, service: 'who', address, metadata: {} }) };
}

/** One who calls: a watcher, and a channel over what it knows. */
export function startCaller(etcd: Etcd, options: Partial<WatcherOptions> = {}) {
  const log = silentLogger();
  const watcher = createWatcher({ etcd, log, leaseSeconds: LEASE_SECONDS, ...options });
  const channel = createChannel({ service: 'who', discovery: watcher, caller: { service: 'spec' }, log });
  let set: InstanceSet = { listed: [], fading: [] };
  watcher.watch('who', (told) => (set = told));
  onTestFinished(async () => {
    await channel.close();
    await watcher.close();
  });
  const call = () => channel.unary(who, '');
  return {
    call,
    listed: () => set.listed.map(({ id }) => id).sort(),
    fading: () => set.fading.map(({ id }) => id).sort(),
    /** Who answers, of thirty calls. */
    answering: async () => [...new Set(await Promise.all(Array.from({ length: 30 }, call)))].sort(),
    /** Why a call fails, and how soon (milliseconds). */
    async failure(): Promise<{ code: unknown; ms: number }> {
      const since = performance.now();
      const code = await call().then(
        (id) => `answered by ${id}`,
        (error: unknown) => (error as { code: unknown }).code,
      );
      return { code, ms: performance.now() - since };
    },
  };
}

/** Calls one after the other, eight at a time, until told to stop. */
export function startLoad(call: () => Promise<string>) {
  const seen = { calls: 0, errors: [] as unknown[], answered: new Set<string>() };
  let going = true;
  onTestFinished(() => void (going = false));
  const running = Array.from({ length: 8 }, async () => {
    while (going) {
      try {
        seen.answered.add(await call());
        seen.calls += 1;
      } catch (error) {
        seen.errors.push(error);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  return {
    seen,
    async stop() {
      going = false;
      await Promise.all(running);
    },
  };
}
