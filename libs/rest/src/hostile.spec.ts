import { once } from 'node:events';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { restPlugin, restServerOptions } from './index.ts';
import { LIBRARY, libraryChannel, librarySource } from './spec/library.ts';

/** A server on a port of its own. */
async function serve(options: Partial<typeof restServerOptions> = {}): Promise<number> {
  const app = Fastify({ ...restServerOptions, ...options });
  await app.register(restPlugin, { ...librarySource, channels: { [LIBRARY]: libraryChannel({}, []) } });
  onTestFinished(() => app.close());
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
}

function open(port: number): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

interface Heard {
  readonly status: number;
  readonly head: string;
  readonly reason: string | undefined;
}

/** The first answer to these bytes; undefined where the connection ends without one. */
async function say(port: number, bytes: string | Uint8Array): Promise<Heard | undefined> {
  const socket = open(port);
  socket.write(bytes);
  let heard = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    heard += chunk.toString('latin1');
    const [, head, body = ''] = /^(HTTP\/1\.1 [^]*?)\r\n\r\n([^]*)$/.exec(heard) ?? [];
    if (head === undefined) continue;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (body.length < length) continue;
    const problem = head.includes('application/problem+json') ? (JSON.parse(body) as { reason: string }) : undefined;
    return { status: Number(head.slice(9, 12)), head, reason: problem?.reason };
  }
  return undefined;
}

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const get = (path: string, ...headers: string[]) => lines(`GET ${path} HTTP/1.1`, 'Host: x', ...headers);
const put = (...headers: string[]) =>
  lines('PUT /v1/tags HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers);
const chunked = put('Transfer-Encoding: chunked');
const BOOK = '/v1/books/7';
const PACKED = gzipSync('["a"]');

test.each<[string, string | Uint8Array, number, string]>([
  ['TLS on a plain port', Buffer.from('160301020001000' + '1fc0303'.padEnd(200, 'a'), 'hex'), 400, 'BAD_REQUEST'],
  ['zero bytes', Buffer.alloc(1_000), 400, 'BAD_REQUEST'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'BAD_REQUEST'],
  ['a version that is not', lines(`GET ${BOOK} HTTP/3.0`, 'Host: x'), 400, 'BAD_REQUEST'],
  ['bare line feeds', `GET ${BOOK} HTTP/1.1\nHost: x\n\n`, 400, 'BAD_REQUEST'],
  ['a zero byte in the path', get('/v1/bo\0oks'), 400, 'BAD_REQUEST'],
  ['a zero byte in a header', get(BOOK, 'x: a\0b'), 400, 'BAD_REQUEST'],
  ['bytes that are no UTF-8 in the path', Buffer.from(get('/v1/books/\xff\xfe'), 'latin1'), 400, 'BAD_REQUEST'],
  ['a path that starts nowhere', lines('GET books HTTP/1.1', 'Host: x'), 400, 'BAD_REQUEST'],
  ['a method that does not exist', lines(`FOO ${BOOK} HTTP/1.1`, 'Host: x'), 400, 'BAD_REQUEST'],
  ['no Host', lines(`GET ${BOOK} HTTP/1.1`), 400, 'BAD_HOST'],
  ['two Hosts', lines(`GET ${BOOK} HTTP/1.1`, 'Host: a', 'Host: b'), 400, 'BAD_HOST'],
  ['a folded header', get(BOOK, 'x: a', ' b'), 400, 'BAD_REQUEST'],
  ['a space before the colon', get(BOOK, 'x : a'), 400, 'BAD_REQUEST'],
  ['a length and chunks', `${put('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\nG`, 400, 'BAD_REQUEST'],
  ['two lengths', `${put('Content-Length: 5', 'Content-Length: 6')}["ab"]`, 400, 'BAD_REQUEST'],
  ['a negative length', put('Content-Length: -1'), 400, 'BAD_REQUEST'],
  ['a length beyond all numbers', put(`Content-Length: ${'9'.repeat(20)}`), 400, 'BAD_REQUEST'],
  ['a length beyond the limit', put('Content-Length: 999999999'), 413, 'BODY_TOO_LARGE'],
  ['a transfer encoding that is not chunked', `${put('Transfer-Encoding: gzip')}x`, 400, 'BAD_REQUEST'],
  ['chunked before another encoding', `${put('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['an obfuscated transfer encoding', `${put('Transfer-Encoding : chunked')}0\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['a chunk size that is none', `${chunked}zz\r\n`, 400, 'BAD_REQUEST'],
  ['a chunk beyond all numbers', `${chunked}${'f'.repeat(17)}\r\n`, 400, 'BAD_REQUEST'],
  ['chunks beyond the limit', `${chunked}${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(40)}`, 413, 'BODY_TOO_LARGE'],
  ['a huge chunk extension', `${chunked}2;${'a'.repeat(40_000)}\r\n[]\r\n0\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['many trailers', `${chunked}2\r\n[]\r\n0\r\n${'x: y\r\n'.repeat(5_000)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['too many headers', get(BOOK, ...Array.from({ length: 2_000 }, (_, n) => `x-${n}: y`)), 431, 'HEADERS_TOO_LARGE'],
  ['too long a header', get(BOOK, `x: ${'y'.repeat(17_000)}`), 431, 'HEADERS_TOO_LARGE'],
  ['a long URL', get(`/${'a'.repeat(9_000)}`), 414, 'URI_TOO_LONG'],
  ['a huge URL', get(`/${'a'.repeat(90_000)}`), 431, 'HEADERS_TOO_LARGE'],
  ['an expectation that nobody knows', `${put('Expect: magic', 'Content-Length: 2')}[]`, 417, 'EXPECTATION_FAILED'],
  [
    'a packed body',
    Buffer.concat([Buffer.from(put('Content-Encoding: gzip', `Content-Length: ${PACKED.length}`)), PACKED]),
    415,
    'UNSUPPORTED_CONTENT_ENCODING',
  ],
])('%s is refused with a reason', async (_what, bytes, status, reason) => {
  const port = await serve();
  expect(await say(port, bytes)).toMatchObject({ status, reason });
  expect(await say(port, get(BOOK))).toMatchObject({ status: 200 });
});

test('an upgrade is not taken, a tunnel is hung up on, and 100-continue is answered', async () => {
  const port = await serve();
  const upgrade = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
  expect(await say(port, get(BOOK, ...upgrade))).toMatchObject({ status: 200 });
  expect(await say(port, lines('CONNECT example.com:443 HTTP/1.1', 'Host: x'))).toBeUndefined();
  expect(await say(port, put('Expect: 100-continue', 'Content-Length: 2'))).toMatchObject({ status: 100 });
});

test.each([
  ['deep lists', '['.repeat(200_000) + ']'.repeat(200_000)],
  ['deep objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ['a wide object', `{${Array.from({ length: 60_000 }, (_, n) => `"k${n}":1`).join(',')}}`],
  ['a number of a million digits', `[${'9'.repeat(1_000_000)}]`],
  ['an exponent beyond all numbers', '[1e999999999]'],
  ['a prototype', '{"__proto__":{"a":1},"constructor":{"prototype":{"a":1}}}'],
  ['half a surrogate pair', '["\\ud800"]'],
  ['bytes that are no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
  ['a byte order mark of UTF-16', Buffer.from('["a"]', 'utf16le')],
])('JSON with %s is refused with a reason, soon', async (_what, text) => {
  const port = await serve();
  const body = Buffer.from(text);
  const started = performance.now();
  const answer = await say(port, Buffer.concat([Buffer.from(put(`Content-Length: ${body.length}`)), body]));
  expect(answer?.status).toBe(400);
  expect(answer?.reason).toMatch(/^[A-Z_]+$/);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(({} as Record<string, unknown>)['a']).toBeUndefined();
});

test('a name that is given twice is refused, whatever it holds', async () => {
  const port = await serve();
  const body = '{"title":"A","title":"B"}';
  const head = lines(
    'POST /v1/shelves/s/books HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  );
  expect(await say(port, head + body)).toMatchObject({ status: 400, reason: 'INVALID_ARGUMENT' });
});

test("who leaves in the middle of a body is nobody's failure: nothing is logged", async () => {
  const lines: string[] = [];
  const app = Fastify({
    ...restServerOptions,
    logger: { level: 'warn', stream: { write: (line) => lines.push(line) } },
  });
  const failed = new Promise((resolve) => {
    app.addHook('onError', (_request, _reply, error, next) => {
      resolve(error);
      next();
    });
  });
  await app.register(restPlugin, { ...librarySource, channels: { [LIBRARY]: libraryChannel({}, []) } });
  onTestFinished(() => app.close());
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  const socket = open(port);
  socket.write(`${put('Content-Length: 1000')}[`, () => socket.end());
  expect(await failed).toMatchObject({ error: { reason: 'BODY_CUT_SHORT' } });
  expect(await say(port, get(BOOK))).toMatchObject({ status: 200 });
  expect(lines).toEqual([]);
});

/** The server's own times, short: what they are in earnest, e2e knows. */
const HASTE = {
  requestTimeout: 900,
  connectionTimeout: 1_200,
  http: { ...restServerOptions.http, headersTimeout: 500, connectionsCheckingInterval: 100 },
};

test.each([
  ['nothing at all', '', undefined],
  ['half a request line', 'GET /v1/bo', 'x'],
  ['headers without end', `GET ${BOOK} HTTP/1.1\r\nHost: x\r\n`, 'x: y\r\n'],
  ['a body that never ends', put('Content-Length: 1000'), '['],
  ['chunks that never end', chunked, '1\r\n[\r\n'],
  ['nothing of its body', put('Content-Length: 1000'), undefined],
])('who sends %s is let go in time, however steadily it goes on', async (_what, first, then) => {
  const socket = open(await serve(HASTE));
  socket.resume().write(first);
  const drip = setInterval(() => then !== undefined && socket.writable && socket.write(then), 50);
  onTestFinished(() => clearInterval(drip));
  await once(socket, 'close');
});

test('who reads no answers is let go in time, and is sent no more than the connection holds', async () => {
  const socket = open(await serve(HASTE));
  socket.pause();
  const asked = get('/openapi.json').repeat(50);
  let sent = 0;
  while (socket.writable && sent < 400) {
    sent += 1;
    if (!socket.write(asked)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
  // A socket that is not read does not hear of its end either: writing tells.
  for (; socket.writable; await new Promise((resolve) => setTimeout(resolve, 20))) socket.write('\r\n');
  expect(socket.writable).toBe(false);
});
