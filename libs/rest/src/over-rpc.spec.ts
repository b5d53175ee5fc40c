import Fastify from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '@stampede/errors';
import { createChannel, createServer, staticDiscovery, type ServerContext } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { loadContracts } from './contracts/load-contracts.ts';
import { methodsOf } from './contracts/method.ts';
import { restPlugin, restServerOptions, type Message } from './index.ts';
import { LIBRARY, librarySource } from './spec/library.ts';

/** The contract's methods as ts-proto would define them. */
const methods = Object.fromEntries(
  methodsOf(loadContracts(librarySource))
    .filter(({ name }) => ['GetBook', 'LendBook', 'WatchBook', 'Collect'].includes(name))
    .map(({ name, requestType, responseType, requestStream, responseStream }) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      {
        name,
        requestType: requestType,
        responseType: responseType,
        requestStream,
        responseStream,
        options: {},
      },
    ]),
);
const definition = { name: 'Library', fullName: LIBRARY, methods };

async function serve(handlers: Record<string, (request: never, context: ServerContext) => unknown>) {
  const log = silentLogger();
  const secret = 'between services';
  const server = createServer({ service: 'library', instance: 'library-1', log, secret, usersFrom: ['edge'] });
  const absent = () => Promise.reject(new AppError('UNIMPLEMENTED', 'UNIMPLEMENTED', 'not here'));
  server.add(definition, { getBook: absent, lendBook: absent, watchBook: absent, collect: absent, ...handlers });
  const address = await server.listen();
  const channel = createChannel({
    service: 'library',
    discovery: staticDiscovery({ library: [address] }),
    caller: { service: 'edge', secret },
    log,
  });
  const app = Fastify(restServerOptions);
  await app.register(restPlugin, {
    ...librarySource,
    channels: { [LIBRARY]: channel },
    authenticate: () => ({ id: 'ann', roles: ['reader'] }),
    deadlineMs: 2000,
  });
  onTestFinished(async () => {
    await app.close();
    await channel.close();
    await server.drain({ timeoutMs: 100 });
  });
  return app;
}

test('a request reaches a real server with its user, request id and deadline, and its answer comes back', async () => {
  let seen: ServerContext | undefined;
  const app = await serve({
    getBook: async (request: Message, context) => {
      seen = context;
      return { name: request['name'], title: 'Momo' };
    },
  });
  const response = await app.inject({ url: '/v1/shelves/1/books/2', headers: { 'x-request-id': 'r-9' } });
  expect(response.json()).toEqual({ name: 'shelves/1/books/2', title: 'Momo', tags: [] });
  expect(seen).toMatchObject({ user: { id: 'ann', roles: ['reader'] }, requestId: 'r-9', caller: 'edge' });
  expect(seen?.remainingMs()).toBeLessThanOrEqual(2000);
});

test('a failure keeps its reason, metadata and violations on the way', async () => {
  const app = await serve({
    getBook: () =>
      Promise.reject(
        new AppError('FAILED_PRECONDITION', 'LENT', 'lent', {
          metadata: { reader: 'bob' },
          violations: [{ field: 'due_date', description: 'is past' }],
        }),
      ),
  });
  expect((await app.inject('/v1/books/2')).json()).toMatchObject({
    status: 400,
    code: 'FAILED_PRECONDITION',
    reason: 'LENT',
    metadata: { reader: 'bob' },
    violations: [{ field: 'dueDate', description: 'is past' }],
  });
});

test('a stream comes through, and ends at the server when its client leaves', async () => {
  let context: ServerContext | undefined;
  const app = await serve({
    watchBook: async function* (_: Message, serving: ServerContext) {
      context = serving;
      yield { book: { title: 'A' } };
      await new Promise((resolve) => serving.signal.addEventListener('abort', resolve));
    },
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = new AbortController();
  const response = await fetch(`${address}/v1/books/2:watch`, { signal: client.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toBe('data: {"name":"","title":"A","tags":[]}\n\n');
  client.abort();
  await vi.waitFor(() => expect(context?.signal.aborted).toBe(true));
});

test('a stream of requests comes through, and one that breaks ends at the server', async () => {
  const taken: unknown[] = [];
  let serving: ServerContext | undefined;
  const app = await serve({
    async collect(requests: AsyncIterable<Message>, context) {
      serving = context;
      for await (const book of requests) taken.push(book['title']);
      return {};
    },
  });
  const collect = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/books:collect',
      headers: { 'content-type': 'application/x-ndjson' },
      payload,
    });
  expect((await collect('{"title":"A"}\n{"title":"B"}\n')).json()).toEqual({});
  expect(taken).toEqual(['A', 'B']);
  expect(serving?.user?.id).toBe('ann');
  expect((await collect('{"title":"C"}\n{"title":7}\n')).json()).toMatchObject({
    status: 400,
    violations: [{ field: '[1].title' }],
  });
  await vi.waitFor(() => expect(serving?.signal.aborted).toBe(true));
});

test('a call out of time is 504, a service that is not there 503', async () => {
  const app = await serve({
    getBook: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
  });
  expect((await app.inject('/v1/books/2')).json()).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
  const lonely = Fastify(restServerOptions);
  const channel = createChannel({
    service: 'library',
    discovery: staticDiscovery({}),
    caller: { service: 'edge' },
    log: silentLogger(),
  });
  onTestFinished(async () => {
    await lonely.close();
    await channel.close();
  });
  await lonely.register(restPlugin, { ...librarySource, channels: { [LIBRARY]: channel } });
  expect((await lonely.inject('/v1/books/2')).json()).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
});
