import { Client, credentials, Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { connectEtcd, type Etcd } from '@stampede/etcd';
import type { InstanceSet } from '@stampede/rpc';
import { eventually, useEtcd } from '@stampede/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createRegistrar, createWatcher, registerEtcdResolver } from './index.ts';
import { silent } from './silent-log.ts';

const LEASE_SECONDS = 3;

async function server() {
  const started = await useEtcd();
  onTestFinished(() => started.stop());
  return started;
}

function connect(...endpoints: string[]): Etcd {
  const etcd = connectEtcd({ endpoints, log: silent });
  onTestFinished(() => etcd.close());
  return etcd;
}

const read = (bytes: Buffer) => bytes.toString();
const write = (text: string) => Buffer.from(text);
const path = '/test.Echo/Echo';

/** A gRPC server that answers with its id, registered. */
async function serve(etcd: Etcd, id: string) {
  const grpc = new Server();
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: write,
    requestDeserialize: read,
    responseSerialize: write,
    responseDeserialize: read,
  };
  grpc.addService({ echo: method }, { echo: (_: unknown, reply: sendUnaryData<string>) => reply(null, id) });
  const port = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const instance = { id, service: 'echo', address: `127.0.0.1:${port}`, metadata: { zone: 'a' } };
  const registrar = createRegistrar({ etcd, instance, leaseSeconds: LEASE_SECONDS, log: silent });
  await registrar.start();
  onTestFinished(async () => {
    await registrar.stop();
    grpc.forceShutdown();
  });
  return { instance, registrar, grpc };
}

/** A stock client on `etcd:///echo`. */
function stockClient() {
  const stub = new Client('etcd:///echo', credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
  onTestFinished(() => stub.close());
  return () =>
    new Promise<string>((resolve, reject) => {
      const options = { deadline: Date.now() + 3_000 };
      stub.makeUnaryRequest(path, write, read, 'hello', options, (error, text) =>
        error === null ? resolve(text ?? '') : reject(error),
      );
    });
}

async function answering(call: () => Promise<string>): Promise<string[]> {
  return [...new Set(await Promise.all(Array.from({ length: 20 }, () => call())))].sort();
}

test('a stock grpc-js client follows registrations: a new instance has its share, one that leaves has none', async () => {
  const { endpoint } = await server();
  const etcd = connect(endpoint);
  onTestFinished(registerEtcdResolver({ endpoints: [endpoint], log: silent }));
  const [a] = [await serve(etcd, 'a'), await serve(etcd, 'b')];
  const call = stockClient();
  await eventually(async () => expect(await answering(call)).toEqual(['a', 'b']), { timeoutMs: 15_000 });
  await serve(etcd, 'c');
  await eventually(async () => expect(await answering(call)).toEqual(['a', 'b', 'c']), { timeoutMs: 15_000 });
  await a.registrar.stop();
  await eventually(async () => expect(await answering(call)).toEqual(['b', 'c']), { timeoutMs: 15_000 });
});

test('what is in etcd is what Go writes and reads', async () => {
  const { endpoint } = await server();
  const etcd = connect(endpoint);
  const watcher = createWatcher({ etcd, log: silent });
  onTestFinished(() => watcher.close());
  const { instance } = await serve(etcd, 'ours');
  expect((await etcd.list('/services/')).entries).toMatchObject([
    {
      key: '/services/echo/ours',
      value: `{"Op":0,"Addr":"${instance.address}","Metadata":{"id":"ours","zone":"a"}}`,
    },
  ]);
  await etcd.put('/services/echo/10.0.0.7:9000', '{"Op":0,"Addr":"10.0.0.7:9000","Metadata":null}');
  let told: InstanceSet | undefined;
  watcher.watch('echo', (set) => (told = set));
  await eventually(() =>
    expect(told?.listed).toEqual([
      instance,
      { id: '10.0.0.7:9000', service: 'echo', address: '10.0.0.7:9000', metadata: {} },
    ]),
  );
});

test('a deleted key and a revoked lease are healed', async () => {
  const { endpoint } = await server();
  const etcd = connect(endpoint);
  await serve(etcd, 'a');
  const key = '/services/echo/a';
  await etcd.delete(key);
  await eventually(async () => expect(await etcd.get(key)).toBeDefined(), { timeoutMs: 15_000 });
  const { leaseId } = (await etcd.get(key))!;
  await etcd.revokeLease(leaseId!);
  await eventually(async () => expect((await etcd.get(key))?.leaseId).toBeDefined(), { timeoutMs: 15_000 });
  expect((await etcd.get(key))?.leaseId).not.toBe(leaseId);
});

test('etcd gone, then back empty as another cluster: no call fails, and all are registered within a lease time and 5 s', async () => {
  const [first, second] = [await server(), await server()];
  const [own, watching] = [connect(first.endpoint, second.endpoint), connect(first.endpoint, second.endpoint)];
  const watcher = createWatcher({ etcd: watching, log: silent });
  onTestFinished(() => watcher.close());
  registerEtcdResolver({ discovery: watcher, log: silent });
  await serve(own, 'a');
  await serve(own, 'b');
  const call = stockClient();
  await eventually(async () => expect(await answering(call)).toEqual(['a', 'b']), { timeoutMs: 15_000 });
  const smallest: number[] = [];
  watcher.watch('echo', ({ listed, fading }) => smallest.push(listed.length + fading.length));

  const load = new AbortController();
  let calls = 0;
  const loaded = (async () => {
    while (!load.signal.aborted) {
      await call();
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  await first.stop();
  const fresh = connect(second.endpoint);
  const registered = async () => (await fresh.list('/services/echo/')).entries.map(({ key }) => key);
  await eventually(async () => expect(await registered()).toEqual(['/services/echo/a', '/services/echo/b']), {
    timeoutMs: LEASE_SECONDS * 1000 + 5_000,
  });
  await eventually(async () => expect(await answering(call)).toEqual(['a', 'b']), { timeoutMs: 15_000 });
  await eventually(() => expect(calls).toBeGreaterThan(50), { timeoutMs: 15_000 });
  load.abort();
  await loaded;
  expect(Math.min(...smallest)).toBe(2);
});
