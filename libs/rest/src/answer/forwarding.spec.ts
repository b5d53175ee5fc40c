import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Metadata } from '@stampede/rpc';
import { AppError } from '@stampede/errors';
import { serveLibrary, type Answer } from '../spec/library.ts';

const FORWARDED = {
  forwardHeaders: {
    request: ['X-Tenant', 'x-blob-bin'],
    response: ['x-shard', 'set-bin'],
    trailers: ['X-Cost'],
  },
};

/** Answers with headers and trailers, among them some that nobody may see. */
const generous: Answer = (_, { onHeaders, onTrailers }) => {
  onHeaders?.(new Metadata({ 'x-shard': 'seven', 'set-bin': Uint8Array.of(255, 0), 'x-secret': 's' }));
  onTrailers?.(new Metadata({ 'x-cost': '3', 'x-secret': 's', 'stampede-instance': 'i' }));
  return {};
};

test('named headers of a request go on to the service, and no others', async () => {
  const { app, calls } = await serveLibrary({}, FORWARDED);
  const headers = { 'x-tenant': 'north', 'x-blob-bin': '/wA=', 'x-other': 'x', cookie: 'a=b', 'stampede-user': 'u' };
  await app.inject({ url: '/v1/books/7', headers });
  expect([...(calls[0]?.options.metadata ?? [])]).toEqual([
    ['x-tenant', ['north']],
    ['x-blob-bin', [Buffer.from([255, 0])]],
  ]);
});

test.each([
  ['x-tenant', 'n\u00f6rd'],
  ['x-blob-bin', 'not base64!'],
])('a header %s that gRPC cannot carry is refused', async (name, value) => {
  const { app, calls } = await serveLibrary({}, FORWARDED);
  const response = await app.inject({ url: '/v1/books/7', headers: { [name]: value } });
  expect(response.json()).toMatchObject({ status: 400, violations: [{ field: name }] });
  expect(calls).toEqual([]);
});

test('named headers and trailers of an answer are its headers, also where it failed', async () => {
  const { app } = await serveLibrary(
    {
      GetBook: generous,
      ReadFile(message, options) {
        generous(message, options);
        throw new AppError('ABORTED', 'LENT', 'lent');
      },
    },
    FORWARDED,
  );
  for (const [url, status] of [
    ['/v1/books/7', 200],
    ['/v1/files/x', 423],
  ] as const) {
    const { headers, statusCode } = await app.inject(url);
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({ 'x-shard': 'seven', 'set-bin': '/wA=', 'x-cost': '3' });
    expect(Object.keys(headers)).not.toContain('x-secret');
    expect(Object.keys(headers)).not.toContain('stampede-instance');
  }
});

test('trailers of a stream are trailers, for those who take them', async () => {
  const { app } = await serveLibrary(
    {
      WatchBook: async function* (message, options) {
        yield await Promise.resolve({ book: {} });
        generous(message, options);
      },
    },
    FORWARDED,
  );
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  async function watch(headers: Record<string, string>): Promise<IncomingMessage> {
    const [response] = (await once(get(`${address}/v1/books/7:watch`, { headers, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    await once(response.resume(), 'end');
    return response;
  }
  expect((await watch({ te: 'trailers' })).trailers).toEqual({ 'x-cost': '3' });
  expect((await watch({})).trailers).toEqual({});
});

test('a stream that has no such trailer ends all the same', async () => {
  const { app } = await serveLibrary({ WatchBook: async function* () {} }, FORWARDED);
  const { statusCode, trailers } = await app.inject({ url: '/v1/books/7:watch', headers: { te: 'trailers' } });
  expect([statusCode, trailers]).toEqual([200, {}]);
});

test.each(['content-type', 'Transfer-Encoding', 'grpc-status', 'x-request-id', 'a b', 'trailer'])(
  'the name %s is refused at start',
  async (name) => {
    for (const kind of ['request', 'response', 'trailers'])
      await expect(serveLibrary({}, { forwardHeaders: { [kind]: [name] } })).rejects.toThrow('cannot go through');
  },
);
