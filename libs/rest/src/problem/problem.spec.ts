import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { AppError, CODES, invalid, type Code } from '@stampede/errors';
import type { Problem } from '../index.ts';
import { serveLibrary } from '../spec/library.ts';
import { HTTP_STATUS } from './http-status.ts';

async function failing(error: Error, options = {}) {
  const { app } = await serveLibrary({ GetBook: () => Promise.reject(error) }, options);
  const response = await app.inject({ url: '/v1/books/7?', headers: { 'x-request-id': 'r-1' } });
  return { response, problem: response.json<Problem>() };
}

test('a failure is a problem with everything a client may act on', async () => {
  const error = new AppError('NOT_FOUND', 'NO_SUCH_BOOK', 'there is no book 7', { metadata: { book: '7' } });
  const { response, problem } = await failing(error);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.headers['x-request-id']).toBe('r-1');
  expect(problem).toEqual({
    type: 'about:blank',
    title: 'Gone',
    status: 410,
    detail: 'there is no book 7',
    instance: '/v1/books/7',
    code: 'NOT_FOUND',
    reason: 'NO_SUCH_BOOK',
    requestId: 'r-1',
    metadata: { book: '7' },
    violations: [],
  });
});

test('fields that a service names are named as JSON names them', async () => {
  const { problem } = await failing(invalid({ field: 'items[0].unit_price', description: 'must be positive' }));
  expect(problem.violations).toEqual([{ field: 'items[0].unitPrice', description: 'must be positive' }]);
  expect(problem.status).toBe(400);
});

test.each(Object.keys(CODES).filter((code) => code !== 'OK'))('%s has its status', async (code) => {
  const { response, problem } = await failing(new AppError(code as Code, 'SOME_REASON', 'x'));
  expect(response.statusCode).toBe(HTTP_STATUS[code as Code]);
  expect(problem).toMatchObject({ code, reason: 'SOME_REASON', status: response.statusCode });
});

test('what nobody foresaw says nothing of itself', async () => {
  const { response, problem } = await failing(new Error('password=hunter2'));
  expect(response.statusCode).toBe(500);
  expect(problem).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', detail: 'internal error' });
  expect(response.body).not.toContain('hunter2');
});

test('a 401 challenges, a known wait becomes Retry-After, a type can be a page', async () => {
  const unauthenticated = await failing(new AppError('UNAUTHENTICATED', 'X', 'x'));
  expect(unauthenticated.response.headers['www-authenticate']).toBe('Bearer');
  const busy = await failing(new AppError('UNAVAILABLE', 'X', 'x', { metadata: { retry_after_seconds: '7' } }));
  expect(busy.response.headers['retry-after']).toBe('7');
  const typed = await failing(new AppError('ABORTED', 'X', 'x'), {
    problemType: (reason: string) => `https://e.org/${reason}`,
  });
  expect(typed.problem.type).toBe('https://e.org/X');
});

const JSON_TYPE = { 'content-type': 'application/json' };

test.each([
  ['an unknown path', { url: '/nope' }, 404, 'ROUTE_NOT_FOUND', undefined],
  [
    'a path of a service without REST',
    { url: '/library.v1.Library/Burn', method: 'POST' as const },
    404,
    'ROUTE_NOT_FOUND',
    undefined,
  ],
  ['another method', { url: '/v1/tags', method: 'DELETE' as const }, 405, 'METHOD_NOT_ALLOWED', undefined],
  ['a long URL', { url: `/v1/books/x?a=${'x'.repeat(9000)}` }, 414, 'URI_TOO_LONG', undefined],
  [
    'no JSON',
    { url: '/v1/echo', method: 'POST' as const, payload: '{"a":', headers: JSON_TYPE },
    400,
    'MALFORMED_JSON',
    'body',
  ],
  [
    'no UTF-8',
    { url: '/v1/echo', method: 'POST' as const, payload: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE },
    400,
    'MALFORMED_JSON',
    'body',
  ],
  [
    'a text',
    { url: '/v1/echo', method: 'POST' as const, payload: 'x', headers: { 'content-type': 'text/plain' } },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    undefined,
  ],
  [
    'another charset',
    {
      url: '/v1/echo',
      method: 'POST' as const,
      payload: '{}',
      headers: { 'content-type': 'application/json; charset=latin1' },
    },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    undefined,
  ],
  [
    'no content type',
    { url: '/v1/echo', method: 'POST' as const, payload: Buffer.from('{}'), headers: {} },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    undefined,
  ],
  [
    'an odd content type',
    { url: '/v1/echo', method: 'POST' as const, payload: '{}', headers: { 'content-type': ';;' } },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    undefined,
  ],
  [
    'a large body',
    { url: '/v1/echo', method: 'POST' as const, payload: `"${'x'.repeat(1024 * 1024)}"`, headers: JSON_TYPE },
    413,
    'BODY_TOO_LARGE',
    undefined,
  ],
  [
    'a deep body',
    { url: '/v1/echo', method: 'POST' as const, payload: '['.repeat(500_000), headers: JSON_TYPE },
    400,
    'MALFORMED_JSON',
    'body',
  ],
  [
    'a deep body that is JSON',
    {
      url: '/v1/echo',
      method: 'POST' as const,
      payload: `${'{"child":'.repeat(5000)}{}${'}'.repeat(5000)}`,
      headers: JSON_TYPE,
    },
    400,
    'INVALID_ARGUMENT',
    `child${'.child'.repeat(100)}`,
  ],
  ['an unknown parameter', { url: '/v1/books/x?nope=1' }, 400, 'INVALID_ARGUMENT', 'nope'],
  ['__proto__ as a parameter', { url: '/v1/books/x?__proto__=1' }, 400, 'INVALID_ARGUMENT', '__proto__'],
  ['a parameter that the path holds', { url: '/v1/books/x?name=y' }, 400, 'INVALID_ARGUMENT', 'name'],
  [
    'a parameter beside body *',
    { url: '/v1/books/x:lend?reader=y', method: 'POST' as const },
    400,
    'INVALID_ARGUMENT',
    'reader',
  ],
  [
    'a parameter of the body',
    { url: '/v1/shelves/s/books?book.title=y', method: 'POST' as const },
    400,
    'INVALID_ARGUMENT',
    'book.title',
  ],
  ['a malformed parameter', { url: '/v1/shelves/s/books?pageSize=%ZZ' }, 400, 'INVALID_ARGUMENT', 'pageSize=%ZZ'],
  ['a wrong parameter', { url: '/v1/shelves/s/books?page_size=x' }, 400, 'INVALID_ARGUMENT', 'page_size'],
  [
    'a parameter given twice',
    { url: '/v1/shelves/s/books?pageSize=1&page_size=2' },
    400,
    'INVALID_ARGUMENT',
    'page_size',
  ],
  ['a parameter that is a message', { url: '/v1/shelves/s/books?filter=x' }, 400, 'INVALID_ARGUMENT', 'filter'],
  ['a parameter that is a map', { url: '/v1/shelves/s/books?labels=x' }, 400, 'INVALID_ARGUMENT', 'labels'],
  [
    'a parameter below a list',
    { url: '/v1/shelves/s/books?filter.author.teachers.fullName=x' },
    400,
    'INVALID_ARGUMENT',
    'filter.author.teachers.fullName',
  ],
  [
    'two of a oneof',
    { url: '/v1/shelves/s/books?filter.genre=x&filter.series=y' },
    400,
    'INVALID_ARGUMENT',
    'filter.series',
  ],
  ['an unknown enum value', { url: '/v1/shelves/s/books?colors=BLUE' }, 400, 'INVALID_ARGUMENT', 'colors'],
  [
    'a wrong path variable',
    { url: '/v1/echo/x/PINK/true', method: 'PUT' as const },
    400,
    'INVALID_ARGUMENT',
    'int64Value',
  ],
  [
    'a body field that is wrong',
    { url: '/v1/shelves/s/books', method: 'POST' as const, payload: { pageCount: -3e9 } },
    400,
    'INVALID_ARGUMENT',
    'book.pageCount',
  ],
  [
    'a body where none belongs',
    { url: '/v1/books/x', method: 'DELETE' as const, payload: { a: 1 } },
    400,
    'INVALID_ARGUMENT',
    'body',
  ],
] as const)('%s is refused', async (_, request, status, reason, field) => {
  const { app, calls } = await serveLibrary();
  const response = await app.inject(request as InjectOptions);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const problem = response.json<Problem>();
  expect(problem).toMatchObject({ status, reason });
  expect(problem.requestId).toBe(response.headers['x-request-id']);
  expect(response.statusCode).toBe(status);
  expect(problem.violations.map((violation) => violation.field)).toEqual(field === undefined ? [] : [field]);
  expect(calls).toEqual([]);
});

test('405 says what is allowed, OPTIONS too', async () => {
  const { app } = await serveLibrary();
  expect((await app.inject({ url: '/v1/echo', method: 'DELETE' })).headers['allow']).toBe('GET, HEAD, POST');
  const options = await app.inject({ url: '/v1/echo', method: 'OPTIONS' });
  expect([options.statusCode, options.headers['allow']]).toEqual([204, 'GET, HEAD, POST']);
});

/** What the server answers to these bytes, once it has closed the connection. */
async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  return await text(socket);
}

test.each([
  [
    'a path that is not percent-encoding',
    'GET /v1/books/%ZZ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    400,
    'BAD_URL',
  ],
  ['a path that is not UTF-8', 'GET /v1/books/%ff HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400, 'BAD_URL'],
  ['huge headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['no HTTP', 'HELLO\r\n\r\n', 400, 'BAD_REQUEST'],
  [
    'both lengths',
    'POST /v1/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
    'BAD_REQUEST',
  ],
  [
    'a method nobody has',
    'PROPFIND /v1/tags HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    405,
    'METHOD_NOT_ALLOWED',
  ],
  ['no path', 'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404, 'ROUTE_NOT_FOUND'],
  [
    'a path with an origin',
    'GET http://a/nope HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    404,
    'ROUTE_NOT_FOUND',
  ],
])('%s is answered with a problem', async (_, request, status, reason) => {
  const { app } = await serveLibrary();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await raw((app.server.address() as { port: number }).port, request);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('application/problem+json');
  expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ status, reason });
});
