import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import grpc from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { connect, failure, request, response, startEcho } from './setup.ts';
import { rawClient } from './raw-client.ts';

const PATH = '/stampede.test.v1.EchoService/Add';

/** A call written frame by frame; answers the status that came back. */
async function frames(
  address: string,
  body: Uint8Array,
  headers: http2.OutgoingHttpHeaders = {},
): Promise<{ status: string | undefined; http: number | undefined; rst: number | undefined }> {
  const session = http2.connect(`http://${address}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let status: string | undefined;
    let http: number | undefined;
    const read = (received: http2.IncomingHttpHeaders) => (status ??= received['grpc-status'] as string | undefined);
    stream.on('response', (received) => {
      http = received[':status'];
      read(received);
    });
    stream.on('trailers', read);
    stream.on('error', () => undefined);
    stream.resume().end(body);
    await once(stream, 'close');
    return { status, http, rst: stream.rstCode };
  } finally {
    session.destroy();
  }
}

function framed(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

test.each([
  ['a tag cut off', Buffer.of(0x0a)],
  ['a length beyond the end', Buffer.of(0x0a, 0xff, 0x01, 0x41)],
  ['a wire type that does not exist', Buffer.of(0x0f, 0x01)],
  ['a varint without end', Buffer.alloc(20, 0xff)],
  ['a number that JavaScript cannot hold', Buffer.of(0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('a request with %s is INVALID_ARGUMENT and costs nobody else anything', async (_what, bytes) => {
  const add = vi.fn(async () => Promise.resolve(response()));
  const { instance } = await startEcho({ add });
  const raw = rawClient(instance.address);
  const [broken, healthy] = await Promise.all([raw.bytes('Add', bytes), raw.unary('Echo', request({ text: 'fine' }))]);
  expect(broken).toMatchObject({ code: 3, reason: 'MALFORMED_MESSAGE' });
  expect(healthy).toMatchObject({ code: 0, response: { text: 'fine' } });
  expect(add).not.toHaveBeenCalled();
});

test('a malformed message in a stream of requests is INVALID_ARGUMENT', async () => {
  const { instance } = await startEcho();
  expect(await rawClient(instance.address).bytes('Sum', Buffer.of(0x0a))).toMatchObject({ code: 3 });
});

test('unknown fields are ignored', async () => {
  const { instance } = await startEcho();
  const bytes = Buffer.from([0x0a, 0x02, 0x68, 0x69, 0xf8, 0x7f, 0x01]);
  expect(await rawClient(instance.address).bytes('Echo', bytes)).toMatchObject({ code: 0, response: { text: 'hi' } });
});

test('a request over the limit is RESOURCE_EXHAUSTED, and a packed one is measured unpacked', async () => {
  const { instance } = await startEcho({}, { limits: { maxReceiveBytes: 100_000 } });
  const large = request({ payload: Buffer.alloc(200_000) });
  expect(await rawClient(instance.address).unary('Add', large)).toMatchObject({ code: 8 });
  const packing = rawClient(instance.address, {
    'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
  });
  expect(await packing.unary('Add', large)).toMatchObject({ code: 8 });
  expect(await packing.unary('Echo', request({ text: 'packed' }))).toMatchObject({ response: { text: 'packed' } });
  expect(await rawClient(instance.address).unary('Echo', request({ text: 'fine' }))).toMatchObject({ code: 0 });
});

test('a response over the client’s limit fails its own call alone', async () => {
  const { instance } = await startEcho({
    add: async () => Promise.resolve(response({ payload: Buffer.alloc(200_000) })),
  });
  const { client } = connect([instance], { limits: { maxReceiveBytes: 100_000 } });
  const [error, healthy] = await Promise.all([failure(client.add(request())), client.echo(request({ text: 'fine' }))]);
  expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(healthy.text).toBe('fine');
});

test.each([
  ['no message', Buffer.alloc(0), {}],
  ['two messages', Buffer.concat([framed(Buffer.alloc(0)), framed(Buffer.alloc(0))]), {}],
  ['half a message', framed(Buffer.alloc(3), { length: 10 }), {}],
  ['half a prefix', Buffer.of(0, 0), {}],
  ['a message packed as nobody does', framed(Buffer.of(1, 2, 3), { flag: 1 }), { 'grpc-encoding': 'rot13' }],
  ['a message said to be packed that is not', framed(Buffer.of(1, 2, 3), { flag: 1 }), { 'grpc-encoding': 'gzip' }],
  ['a timeout that is none', framed(Buffer.alloc(0)), { 'grpc-timeout': 'soon' }],
  ['a method that does not exist', framed(Buffer.alloc(0)), { ':path': '/stampede.test.v1.EchoService/Nope' }],
  ['an odd path', framed(Buffer.alloc(0)), { ':path': '//..%00/' }],
  ['a traceparent that is none', framed(Buffer.of(0x0f)), { traceparent: 'zz-zz' }],
])('%s gets a status, and the server lives on', async (_what, body, headers) => {
  const { instance } = await startEcho();
  const answer = await frames(instance.address, body, headers);
  expect(Number(answer.status)).toBeGreaterThan(0);
  expect(await rawClient(instance.address).unary('Echo', request({ text: 'alive' }))).toMatchObject({ code: 0 });
});

test('what is not gRPC is 415, what is not HTTP/2 is hung up on', async () => {
  const { instance } = await startEcho();
  expect(await frames(instance.address, Buffer.alloc(0), { 'content-type': 'application/json' })).toMatchObject({
    http: 415,
  });
  const [host, port] = instance.address.split(':');
  const socket = net.connect(Number(port), host);
  socket.on('error', () => undefined).resume();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'close');
  expect(await rawClient(instance.address).unary('Echo', request({ text: 'alive' }))).toMatchObject({ code: 0 });
});

test('a caller that resets its calls at once leaves nothing behind', async () => {
  const { instance, server } = await startEcho({ add: async () => new Promise(() => undefined) });
  const session = http2.connect(`http://${instance.address}`);
  for (let n = 0; n < 500; n += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.write(framed(Buffer.alloc(0)));
    setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL));
  }
  expect(await rawClient(instance.address).unary('Echo', request({ text: 'alive' }))).toMatchObject({ code: 0 });
  session.destroy();
  await server.drain({ timeoutMs: 100 });
});

test.each([
  ['one that is sane', 'order-7/retry:2', 'order-7/retry:2'],
  ['one with spaces', 'a b', undefined],
  ['one that is too long', 'x'.repeat(129), undefined],
  ['one with quotes', '"><script>', undefined],
])('a request id is kept if it is sane: %s', async (_what, sent, kept) => {
  let seen = '';
  const { instance } = await startEcho({
    add: async (_, { requestId }) => {
      seen = requestId;
      return Promise.resolve(response());
    },
  });
  await rawClient(instance.address).unary('Add', request(), { headers: { 'x-request-id': sent } });
  if (kept === undefined) expect(seen).toMatch(/^[0-9a-f-]{36}$/);
  else expect(seen).toBe(kept);
});
