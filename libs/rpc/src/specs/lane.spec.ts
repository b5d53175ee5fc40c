import grpc from '@grpc/grpc-js';
import { createLogger } from '@stampede/telemetry';
import { tcpLink } from '@stampede/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { EchoRequest, EchoResponse } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { Metadata, outcomeOf, type Instance } from '../index.ts';
import { asBuffer } from '../wire/grpc-metadata.ts';
import { all, connect, failure, request, response, startEcho } from './setup.ts';

const advertised = (instance: Instance): Instance => ({ ...instance, metadata: { lane: '1' } });

/** A server as it was before there were lanes. */
async function startOldPeer(): Promise<Instance> {
  const server = new grpc.Server();
  server.register(
    '/stampede.test.v1.EchoService/Add',
    (call: grpc.ServerUnaryCall<EchoRequest, EchoResponse>, respond: grpc.sendUnaryData<EchoResponse>) => {
      respond(null, response({ text: call.request.text }));
    },
    (message) => asBuffer(EchoResponse.encode(message).finish()),
    (bytes) => EchoRequest.decode(bytes),
    'unary',
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  const address = `127.0.0.1:${port}`;
  return { id: 'old', service: 'echo', address, metadata: { lane: '1' } };
}

describe('auto', () => {
  /** What a call over the lane is refused with, and no other. */
  const OVER_LANE = { code: 'RESOURCE_EXHAUSTED', reason: 'REQUEST_TOO_LARGE' };
  const large = request({ payload: Buffer.alloc(2_000) });

  test('takes the lane to an instance that advertises it, and plain gRPC to another', async () => {
    const { instance } = await startEcho({}, { limits: { maxReceiveBytes: 1_000 } });
    const lane = connect([advertised(instance)]);
    expect(await failure(lane.client.add(large))).toMatchObject(OVER_LANE);
    const plain = connect([instance]);
    expect(await failure(plain.client.add(large))).not.toMatchObject(OVER_LANE);
    const other = connect([{ ...instance, metadata: { lane: '2' } }]);
    expect(await failure(other.client.add(large))).not.toMatchObject(OVER_LANE);
    const unary = connect([advertised(instance)], { transport: 'unary' });
    expect(await failure(unary.client.add(large))).not.toMatchObject(OVER_LANE);
  });

  test('goes on over plain gRPC where no lane is opened, and says so once', async () => {
    const lines: string[] = [];
    const log = createLogger({ service: 's', instance: 'i', destination: { write: (line) => void lines.push(line) } });
    const { client } = connect([await startOldPeer()], { log });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.add(request({ text: 'hi' }))));
    expect(answers.every(({ text }) => text === 'hi')).toBe(true);
    expect(await client.add(request({ text: 'again' }))).toMatchObject({ text: 'again' });
    expect(lines.filter((line) => line.includes('plain gRPC instead'))).toHaveLength(1);
  });
});

test('who insists on the lane gets no other', async () => {
  const { client } = connect([await startOldPeer()], { transport: 'lane', retry: { maxAttempts: 1 } });
  const error = await failure(client.add(request()));
  expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'LANE_UNSUPPORTED' });
  expect(outcomeOf(error)).toBe('not-processed');
});

test('a peer that freezes is given up: calls on it are unknown, others go elsewhere', async () => {
  const started = Promise.withResolvers<undefined>();
  const frozen = await startEcho({
    add: async () => {
      started.resolve(undefined);
      return new Promise(() => undefined);
    },
  });
  const [host = '', port] = frozen.instance.address.split(':');
  const link = await tcpLink({ target: () => ({ host, port: Number(port) }) });
  onTestFinished(() => link.close());
  const through = { ...frozen.instance, address: `127.0.0.1:${link.port}` };
  const limits = { pingMs: 200, pongMs: 400 };
  const { client, discovery } = connect([through], { transport: 'lane', limits });
  const lost = failure(client.add(request()));
  await started.promise;
  link.freeze();
  const { instance } = await startEcho();
  discovery.publish([through, instance]);
  const error = await lost;
  expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'CONNECTION_LOST' });
  expect(outcomeOf(error)).toBe('unknown');
  for (let n = 0; n < 20; n += 1) await client.echo(request());
});

test('an instance that does not serve is called only where there is no other', async () => {
  const calls = [0, 0];
  const servers = await Promise.all(
    calls.map((_, index) =>
      startEcho({
        add: async () => {
          calls[index] = (calls[index] ?? 0) + 1;
          return Promise.resolve(response());
        },
      }),
    ),
  );
  const { client, discovery } = connect(
    servers.map(({ instance }) => instance),
    { transport: 'lane' },
  );
  await vi.waitFor(async () => {
    await client.add(request());
    expect(Math.min(...calls)).toBeGreaterThan(0);
  });
  servers[0]?.server.setServing(false);
  await vi.waitFor(async () => {
    const before = calls[0];
    for (let n = 0; n < 20; n += 1) await client.add(request());
    expect(calls[0]).toBe(before);
  });
  const [leaving] = servers;
  if (leaving !== undefined) discovery.publish([leaving.instance]);
  const before = calls[0] ?? 0;
  await client.add(request());
  expect(calls[0]).toBe(before + 1);
});

test('a slow handler delays nobody, and a bad payload fails its own call', async () => {
  const gate = Promise.withResolvers<undefined>();
  const { instance } = await startEcho({
    add: async () => {
      await gate.promise;
      return response({ text: 'slow' });
    },
    put: async () => Promise.resolve(response({ number: Number.NaN })),
  });
  const { client } = connect([instance], { transport: 'lane' });
  const slow = client.add(request());
  const bad = failure(client.put(request()));
  expect(await client.echo(request({ text: 'quick' }))).toMatchObject({ text: 'quick' });
  expect(await bad).toMatchObject({ code: 'INTERNAL' });
  gate.resolve(undefined);
  expect(await slow).toMatchObject({ text: 'slow' });
});

test('metadata that is too large fails its own call, either way', async () => {
  const big = 'x'.repeat(20_000);
  const { instance } = await startEcho({
    add: async (_, { responseTrailers }) => {
      responseTrailers.set('x-big', big);
      return Promise.resolve(response());
    },
  });
  const { client } = connect([instance], { transport: 'lane' });
  const [there, back, fine] = await Promise.all([
    failure(client.echo(request(), { metadata: new Metadata({ 'x-big': big }) })),
    failure(client.add(request())),
    client.echo(request({ text: 'fine' })),
  ]);
  expect(there).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'METADATA_TOO_LARGE' });
  expect(outcomeOf(there)).toBe('not-processed');
  expect(back).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'METADATA_TOO_LARGE' });
  expect(outcomeOf(back)).toBe('answered');
  expect(fine.text).toBe('fine');
});

test('a response over the client’s limit fails its own call alone', async () => {
  const { instance } = await startEcho({
    add: async () => Promise.resolve(response({ payload: Buffer.alloc(200_000) })),
  });
  const { client } = connect([instance], { transport: 'lane', limits: { maxReceiveBytes: 100_000 } });
  const [error, healthy] = await Promise.all([failure(client.add(request())), client.echo(request({ text: 'fine' }))]);
  expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(healthy.text).toBe('fine');
});

test('more calls than the server has credits wait, and streams go beside them', async () => {
  const { instance } = await startEcho({}, { limits: { maxConcurrentStreams: 8 } });
  const { client } = connect([instance], { transport: 'lane' });
  const calls = Promise.all(Array.from({ length: 500 }, async (_, number) => client.add(request({ number }))));
  expect(await all(client.count(request({ number: 3 })))).toHaveLength(3);
  expect((await calls).map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, number) => number));
});

test.each([
  ['noise', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
  ['nothing of HELLO', [Buffer.of(1, 0, 0, 0)]],
  ['another version', [Buffer.from(`0110000007090000000000000000000000000000`, 'hex')]],
  ['a batch of a megabyte', [Buffer.alloc(1_000_000)]],
])('a lane that begins with %s is ended, and nothing else', async (_what, batches) => {
  const { instance } = await startEcho();
  const { client } = connect([instance], { transport: 'lane' });
  await client.echo(request());
  const raw = new grpc.Client(instance.address, grpc.credentials.createInsecure());
  onTestFinished(() => raw.close());
  const lane = raw.makeBidiStreamRequest<Buffer, Buffer>('/stampede.lane.v1.Lane/Open', asBuffer, (bytes) => bytes);
  const ended = new Promise<grpc.StatusObject>((resolve) => lane.on('status', resolve));
  lane.on('error', () => undefined).resume();
  for (const batch of batches) lane.write(batch);
  expect(await ended).toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
  expect(await client.echo(request({ text: 'alive' }))).toMatchObject({ text: 'alive' });
});
