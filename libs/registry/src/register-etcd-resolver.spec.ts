import {
  Client,
  credentials,
  experimental,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import type { Discovery, Instance, InstanceSet } from '@stampede/rpc';
import { eventually, fakeClock } from '@stampede/testing';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { registerEtcdResolver } from './index.ts';
import { silent } from './silent-log.ts';

const echo = {
  echo: {
    path: '/test.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  },
} as const;

/** A real server that answers with its own name. */
async function serve(id: string): Promise<Instance & { stop(): void }> {
  const server = new Server();
  server.addService(echo, {
    echo: (_: ServerUnaryCall<string, string>, reply: sendUnaryData<string>) => reply(null, id),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return {
    id,
    service: 'echo',
    address: `127.0.0.1:${port}`,
    metadata: {},
    stop: () => server.forceShutdown(),
  };
}

/** A client as any stranger makes it: nothing but a target and a stock policy. */
function client(policy: 'round_robin' | 'pick_first') {
  const stub = new Client('etcd:///echo', credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [policy]: {} }] }),
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
  });
  onTestFinished(() => stub.close());
  const { path, requestSerialize, responseDeserialize } = echo.echo;
  return (waitMs = 3_000) =>
    new Promise<string>((resolve, reject) => {
      const options = { deadline: Date.now() + waitMs };
      stub.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', options, (error, text) =>
        error === null ? resolve(text ?? '') : reject(error),
      );
    });
}

async function several(call: () => Promise<string>, times = 30): Promise<string[]> {
  return [...new Set(await Promise.all(Array.from({ length: times }, () => call())))].sort();
}

/** A discovery in the test's hands. */
function discovery(first?: InstanceSet) {
  const listeners = new Set<(set: InstanceSet) => void>();
  let set = first;
  const self: Discovery = {
    watch(_, listener) {
      listeners.add(listener);
      if (set !== undefined) listener(set);
      return () => listeners.delete(listener);
    },
    gone: () => undefined,
  };
  return {
    self,
    listeners,
    update(listed: readonly Instance[], fading: readonly Instance[] = []) {
      set = { listed, fading };
      for (const listener of listeners) listener(set);
    },
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('round_robin shares the calls among all that are listed, and follows every change', async () => {
  const [a, b, c] = [await serve('a'), await serve('b'), await serve('c')];
  const found = discovery({ listed: [a, b], fading: [] });
  registerEtcdResolver({ discovery: found.self, log: silent });
  const call = client('round_robin');
  await eventually(async () => expect(await several(call)).toEqual(['a', 'b']));
  found.update([a, b, c]);
  await eventually(async () => expect(await several(call)).toEqual(['a', 'b', 'c']));
  found.update([c]);
  await eventually(async () => expect(await several(call)).toEqual(['c']));
});

test('an empty list keeps the connections that serve; once they do not, calls fail at once', async () => {
  const a = await serve('a');
  const found = discovery({ listed: [a], fading: [] });
  registerEtcdResolver({ discovery: found.self, log: silent });
  const call = client('round_robin');
  expect(await call()).toBe('a');
  found.update([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await several(call)).toEqual(['a']);
  a.stop();
  await eventually(async () => {
    const since = performance.now();
    await expect(call(10_000)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(performance.now() - since).toBeLessThan(1_000);
  });
});

test('a service that nobody has registered fails at once; its first instance is used when it comes', async () => {
  const a = await serve('a');
  const found = discovery({ listed: [], fading: [] });
  registerEtcdResolver({ discovery: found.self, log: silent });
  const call = client('pick_first');
  await expect(call(10_000)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  found.update([a]);
  await eventually(async () => expect(await call()).toBe('a'));
});

test('with nothing known yet a call waits, and is served once something is', async () => {
  const a = await serve('a');
  const found = discovery();
  registerEtcdResolver({ discovery: found.self, log: silent });
  const waiting = client('round_robin')();
  await eventually(() => expect(found.listeners.size).toBe(1));
  found.update([a]);
  expect(await waiting).toBe('a');
});

test('fading instances serve while nobody is listed', async () => {
  const a = await serve('a');
  const found = discovery({ listed: [], fading: [a] });
  registerEtcdResolver({ discovery: found.self, log: silent });
  expect(await client('round_robin')()).toBe('a');
});

/** The resolver without a channel around it. */
function bare(found: ReturnType<typeof discovery>) {
  const clock = fakeClock();
  let Resolver!: Parameters<typeof experimental.registerResolver>[1];
  vi.spyOn(experimental, 'registerResolver').mockImplementation((_, made) => (Resolver = made));
  registerEtcdResolver({ discovery: found.self, log: silent, clock });
  const answers: string[] = [];
  const resolver = new Resolver(
    { scheme: 'etcd', authority: '', path: 'echo' },
    (endpoints) => {
      const text = endpoints.ok
        ? endpoints.value.map(({ addresses: [address] }) => `${(address as { port: number }).port}`).join(' ')
        : endpoints.error.details;
      answers.push(text);
      return true;
    },
    {},
  );
  return { clock, resolver, answers, authority: Resolver.getDefaultAuthority({ path: 'echo' }) };
}

const at = (port: number): Instance => ({
  id: `${port}`,
  service: 'echo',
  address: `127.0.0.1:${port}`,
  metadata: {},
});

test('updateResolution is a hint: a thousand of them get one answer, and none from within the call', async () => {
  const { resolver, answers, clock, authority } = bare(discovery({ listed: [at(1)], fading: [] }));
  for (let hint = 0; hint < 1_000; hint += 1) resolver.updateResolution();
  expect(answers).toEqual([]);
  await clock.advance(0);
  for (let hint = 0; hint < 1_000; hint += 1) resolver.updateResolution();
  await clock.advance(1_000);
  expect(answers).toEqual(['1']);
  expect(authority).toBe('echo');
});

test('after destroy nothing is said, until it is asked again', async () => {
  const found = discovery({ listed: [at(1)], fading: [] });
  const { resolver, answers, clock } = bare(found);
  resolver.updateResolution();
  resolver.destroy();
  await clock.advance(10_000);
  expect(answers).toEqual([]);
  expect(found.listeners.size).toBe(0);
  resolver.updateResolution();
  await clock.advance(0);
  expect(answers).toEqual(['1']);
});

test('beside listed instances fading ones stay for three lease times: nobody could tell us that they are gone', async () => {
  const found = discovery({ listed: [], fading: [at(1), at(2)] });
  const { resolver, answers, clock } = bare(found);
  resolver.updateResolution();
  await clock.advance(20_000);
  found.update([at(3)], [at(1), at(2)]);
  await clock.advance(0);
  expect(answers).toEqual(['1 2', '3 1 2']);
  await clock.advance(30_000);
  expect(answers.at(-1)).toBe('3');
});

test('while etcd says nothing at all, waiting calls are told after 5 s', async () => {
  const { resolver, answers, clock } = bare(discovery());
  resolver.updateResolution();
  await clock.advance(4_999);
  expect(answers).toEqual([]);
  await clock.advance(1);
  expect(answers).toEqual(['nothing is known of echo: etcd has not answered']);
});

test('a resolver needs a source', () => {
  expect(() => registerEtcdResolver({ log: silent } as never)).toThrow('needs');
});
