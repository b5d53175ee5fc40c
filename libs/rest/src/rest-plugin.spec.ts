import { connect } from 'node:net';
import { fc, test as property } from '@fast-check/vitest';
import Fastify from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError, invalid } from '@stampede/errors';
import { restPlugin, restServerOptions, type MethodHooks, type ServedRequest } from './index.ts';
import { LIBRARY, libraryChannel, librarySource, serveLibrary, type LibraryServer } from './spec/library.ts';

test.each([
  ['GET', '/v1/shelves/1/books/2', undefined, 'GetBook', { name: 'shelves/1/books/2' }],
  ['GET', '/v1/shelves/a%2Fb/books/%C3%A9', undefined, 'GetBook', { name: 'shelves/a%2Fb/books/é' }],
  ['GET', '/v1/books/a%2Fb%20c', undefined, 'GetBook', { name: 'a/b c' }],
  ['SEARCH', '/v1/books/x', undefined, 'GetBook', { name: 'x' }],
  ['GET', '/v1/files/a/b%2Fc/d', undefined, 'ReadFile', { path: 'a/b%2Fc/d' }],
  ['GET', '/v1/files/a/b:raw', undefined, 'ReadFile', { path: 'a/b' }],
  ['GET', '/v1/files', undefined, 'ReadFile', { path: '' }],
  ['POST', '/v1/books/7:lend', { reader: 'ann' }, 'LendBook', { name: '7', reader: 'ann' }],
  ['POST', '/v1/books/7%3Aa:lend', {}, 'LendBook', { name: '7:a' }],
  [
    'POST',
    '/v1/shelves/s/books?validateOnly=true',
    { title: 'T', author: { fullName: 'A' } },
    'CreateBook',
    { shelf: 's', book: { title: 'T', author: { full_name: 'A' } }, validate_only: true },
  ],
  [
    'PATCH',
    '/v1/shelves/1/books/2?updateMask=title,author.fullName',
    { title: 'N' },
    'UpdateBook',
    { book: { name: 'shelves/1/books/2', title: 'N' }, update_mask: { paths: ['title', 'author.full_name'] } },
  ],
  ['PUT', '/v1/tags', ['a', 'b'], 'Retag', { tags: ['a', 'b'] }],
  [
    'PUT',
    '/v1/echo/-5/PINK/true?text=x',
    [{ sku: 's' }],
    'Echo',
    { int64_value: '-5', color: 2, truth: true, text: 'x', list: [{ sku: 's' }] },
  ],
  [
    'GET',
    '/v1/shelves/s/books?pageSize=3&colors=RED&colors=2&filter.author.full_name=Ann+B&filter.years=1&filter.years=2&since=2026-01-02T03:04:05Z&cursor=_-8',
    undefined,
    'ListBooks',
    {
      shelf: 's',
      page_size: 3,
      colors: [1, 2],
      filter: { author: { full_name: 'Ann B' }, years: [1, 2] },
      since: { seconds: '1767323045', nanos: 0 },
      cursor: '/+8=',
    },
  ],
] as const)('%s %s reaches its method', async (method, url, body, name, request) => {
  const { app, calls } = await serveLibrary();
  const response = await app.inject({
    method: method as 'GET',
    url,
    ...(body === undefined ? {} : { payload: body as object }),
  });
  expect(response.body).not.toContain('"reason"');
  expect(response.statusCode).toBe(200);
  expect(calls.map((call) => [call.method, call.request])).toEqual([[name, request]]);
});

test('the answer is the response, or the field that response_body names', async () => {
  const { app } = await serveLibrary({
    GetBook: () => ({ title: 'T', author: { full_name: 'A' } }),
    ListBooks: () => ({ books: [{ title: 'T', page_count: 0 }] }),
  });
  expect((await app.inject('/v1/books/7')).json()).toEqual({
    name: '',
    title: 'T',
    author: { fullName: 'A', teachers: [] },
    tags: [],
  });
  expect((await app.inject('/v1/shelves/1/books')).json()).toEqual([{ name: '', title: 'T', tags: [], pageCount: 0 }]);
  expect((await app.inject({ method: 'PUT', url: '/v1/tags', payload: ['x'] })).json()).toEqual([]);
  const created = await app.inject({ method: 'POST', url: '/v1/shelves/1/books', payload: {} });
  expect(created.body).toBe('null');
  expect((await app.inject({ method: 'DELETE', url: '/v1/books/7' })).json()).toEqual({});
});

test('HEAD answers what GET would, without a body', async () => {
  const { app } = await serveLibrary({ GetBook: () => ({ title: 'T' }) });
  const [get, head] = [await app.inject('/v1/books/7'), await app.inject({ method: 'HEAD', url: '/v1/books/7' })];
  expect(head.statusCode).toBe(200);
  expect(head.headers['content-length']).toBe(get.headers['content-length']);
  expect(head.headers['content-type']).toBe('application/json; charset=utf-8');
});

test('request id and trace go on to the service, and the id comes back', async () => {
  const { app, calls } = await serveLibrary();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const response = await app.inject({
    url: '/v1/books/7',
    headers: { 'x-request-id': 'abc-1', traceparent, tracestate: 'v=1' },
  });
  expect(response.headers['x-request-id']).toBe('abc-1');
  expect(calls[0]?.options).toMatchObject({
    requestId: 'abc-1',
    trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true, state: 'v=1' },
  });
});

test.each(['', 'a b', 'x'.repeat(129), 'ü', '<script>'])('the request id %j is not taken over', async (id) => {
  const { app, calls } = await serveLibrary();
  const response = await app.inject({ url: '/v1/books/7', headers: { 'x-request-id': id, traceparent: 'nonsense' } });
  expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(calls[0]?.options.requestId).toBe(response.headers['x-request-id']);
  expect(calls[0]?.options.trace?.traceId).toMatch(/^[0-9a-f]{32}$/);
});

test('authentication comes before the body, and its user goes on to the service', async () => {
  const { app, calls } = await serveLibrary(
    {},
    {
      authenticate(request, method) {
        if (method.name === 'GetBook') return undefined;
        if (request.headers.authorization === undefined) throw new AppError('UNAUTHENTICATED', 'NO_TOKEN', 'log in');
        return Promise.resolve({ id: 'ann', roles: ['reader'] });
      },
    },
  );
  await app.inject('/v1/books/7');
  expect(calls.pop()?.options.user).toBeUndefined();
  const lend = { method: 'POST', url: '/v1/books/7:lend' } as const;
  const stranger = await app.inject({ ...lend, payload: 'no JSON', headers: { 'content-type': 'application/json' } });
  expect(stranger.json()).toMatchObject({ status: 401, reason: 'NO_TOKEN' });
  await app.inject({ ...lend, headers: { authorization: 'x' } });
  expect(calls.pop()?.options.user).toEqual({ id: 'ann', roles: ['reader'] });
});

const TICKET = {
  fieldsFromHeaders: ['ticket'],
  request(message, request) {
    const ticket = request.headers['ticket'];
    if (typeof ticket !== 'string') throw invalid({ field: 'Ticket', description: 'is missing' });
    message['ticket'] = ticket;
    return { deadlineMs: 777 };
  },
  response: (message) =>
    message['ticket'] === 'late' ? { status: 202, headers: { location: '/x' } } : { status: 201 },
} satisfies MethodHooks;

test('hooks read headers into the request and choose status and headers of the answer', async () => {
  const { app, calls } = await serveLibrary(
    { LendBook: ({ ticket }) => ({ ticket }) },
    { hooks: { [`${LIBRARY}/LendBook`]: TICKET } },
  );
  const lend = (ticket?: string, payload: object = {}) =>
    app.inject({ method: 'POST', url: '/v1/books/7:lend', payload, headers: ticket === undefined ? {} : { ticket } });
  expect((await lend('t')).statusCode).toBe(201);
  expect(calls[0]).toMatchObject({ request: { ticket: 't' }, options: { deadlineMs: 777 } });
  const late = await lend('late');
  expect([late.statusCode, late.headers['location']]).toEqual([202, '/x']);
  expect((await lend()).json()).toMatchObject({ status: 400, violations: [{ field: 'Ticket' }] });
  expect((await lend('t', { ticket: 'mine' })).json()).toMatchObject({
    status: 400,
    violations: [{ field: 'ticket' }],
  });
});

test('a prefix stands before every path', async () => {
  const app = Fastify(restServerOptions);
  onTestFinished(() => app.close());
  await app.register(restPlugin, { ...librarySource, channels: { [LIBRARY]: libraryChannel({}, []) }, prefix: '/api' });
  app.get('/other', () => 'mine');
  expect((await app.inject('/api/v1/books/7')).statusCode).toBe(200);
  expect((await app.inject('/api/openapi.json')).body).toContain('/api/v1/books/{name}');
  expect((await app.inject('/api/nope')).headers['content-type']).toBe('application/problem+json');
  expect((await app.inject('/v1/books/7')).statusCode).toBe(404);
  expect((await app.inject('/other')).body).toBe('mine');
});

test('each answer is observed with its template, not its path', async () => {
  const served: ServedRequest[] = [];
  const { app } = await serveLibrary({}, { observe: (event) => void served.push(event) });
  await app.inject({ url: '/v1/books/7', headers: { 'x-request-id': 'r' } });
  await app.inject('/nope');
  expect(served).toMatchObject([
    {
      httpMethod: 'GET',
      route: '/v1/books/{name}',
      method: { fullName: `${LIBRARY}/GetBook` },
      status: 200,
      requestId: 'r',
    },
    { httpMethod: 'GET', route: undefined, method: undefined, status: 404 },
  ]);
});

test.each([
  [{ channels: { 'no.Service': libraryChannel({}, []) } }, 'channels: the contracts know nothing of no.Service'],
  [{ hooks: { [`${LIBRARY}/Nope`]: {} } }, `hooks: the contracts know nothing of ${LIBRARY}/Nope`],
])('what does not fit the contracts is refused at start', async (options, message) => {
  await expect(serveLibrary({}, options)).rejects.toThrow(message);
});

test('the room of a request is given back once, when it has been answered or refused and when its client has gone', async () => {
  const given: string[] = [];
  const { app, calls } = await serveLibrary(
    {
      GetBook: ({ name }, { signal }) =>
        name === 'slow' ? new Promise((resolve) => signal?.addEventListener('abort', () => resolve({}))) : {},
    },
    {
      admit(request, _, method, whenGone) {
        whenGone(() => given.push(`${request.url} of ${method.name}`));
        if (request.url.endsWith('full')) throw new AppError('UNAVAILABLE', 'OVERLOADED', 'no room');
        whenGone(() => given.push(`${request.url} entered`));
      },
    },
  );
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  // Each on a connection of its own, none of which is opened ahead and would hold up the server's end.
  const ask = async (name: string) =>
    (await fetch(`${address}/v1/books/${name}`, { headers: { connection: 'close' } })).json();
  expect(await ask('1')).toMatchObject({ title: '' });
  await vi.waitFor(() => expect(given).toEqual(['/v1/books/1 of GetBook', '/v1/books/1 entered']));
  expect(await ask('full')).toMatchObject({ status: 503 });
  await vi.waitFor(() => expect(given.slice(2)).toEqual(['/v1/books/full of GetBook']));
  const client = connect((app.server.address() as { port: number }).port, '127.0.0.1');
  client.write('GET /v1/books/slow HTTP/1.1\r\nhost: a\r\n\r\n');
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  client.destroy();
  await vi.waitFor(() => expect(given.slice(3)).toEqual(['/v1/books/slow of GetBook', '/v1/books/slow entered']));
});

test('a client that goes away cancels its call', async () => {
  let signal: AbortSignal | undefined;
  const { app } = await serveLibrary({
    GetBook: (_, options) => {
      signal = options.signal;
      return new Promise((resolve) => options.signal?.addEventListener('abort', () => resolve({})));
    },
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = new AbortController();
  const answer = fetch(`${address}/v1/books/7`, { signal: client.signal });
  await vi.waitFor(() => expect(signal).toBeDefined());
  client.abort();
  await expect(answer).rejects.toThrow();
  await vi.waitFor(() => expect(signal?.aborted).toBe(true));
});

const odd = fc.string({
  unit: fc.constantFrom(
    '/',
    '..',
    ';',
    ':',
    '%00',
    '%2e',
    '%2F',
    '%5c',
    '%F0%9F%98%80',
    '?',
    '&',
    '=',
    '[',
    ']',
    '#',
    '+',
    'v1',
    'books',
    'x',
    'lend',
    'shelves',
    'echo',
    'filter.',
    'colors',
    '~',
  ),
  maxLength: 12,
});
const json = fc.oneof(
  fc.json(),
  fc.string(),
  fc.jsonValue().map((value) =>
    JSON.stringify({
      truth: value,
      list: value,
      counts: value,
      any: value,
      timestamp: value,
      value,
      byNumber: value,
      child: { list: [value] },
    }),
  ),
);

property.prop([fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'), odd, json, fc.boolean()], {
  numRuns: 500,
})('nothing that a client sends is a 5xx', async (method, path, payload, echo) => {
  const { app } = await shared();
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const response = await app.inject({
    method: echo ? 'POST' : method,
    url: echo ? '/v1/echo' : `/v1/${path}`,
    ...(hasBody || echo ? { payload, headers: { 'content-type': 'application/json' } } : {}),
  });
  expect(response.statusCode).toBeLessThan(500);
});

let server: Promise<LibraryServer> | undefined;
function shared(): Promise<LibraryServer> {
  server ??= serveLibrary({ Echo: (request) => request, WatchBook: () => [{ book: {} }] });
  return server;
}
