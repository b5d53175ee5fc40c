import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LIBRARY, serveArchive, serveLibrary } from '../spec/library.ts';

const LONG = 'A long title. '.repeat(200);
const MANY = { compression: {}, etag: true };

async function longBook(options = {}) {
  const state = { title: LONG };
  const { app, calls } = await serveLibrary({ GetBook: () => state }, { ...MANY, ...options });
  const get = (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ method, url: '/v1/books/7', headers });
  return { app, get, state, calls };
}

test('answers are packed as the client accepts them, and caches are told', async () => {
  const { get } = await longBook();
  const plain = await get();
  expect([plain.headers['content-encoding'], plain.headers['vary']]).toEqual([undefined, 'accept-encoding']);
  const gzip = await get({ 'accept-encoding': 'gzip' });
  expect([gzip.headers['content-encoding'], gzip.headers['vary']]).toEqual(['gzip', 'accept-encoding']);
  expect(gunzipSync(gzip.rawPayload).toString()).toBe(plain.body);
  const br = await get({ 'accept-encoding': 'gzip, br' });
  expect(br.headers['content-encoding']).toBe('br');
  expect(brotliDecompressSync(br.rawPayload).toString()).toBe(plain.body);
  expect(Number(br.headers['content-length'])).toBe(br.rawPayload.length);
  expect(br.rawPayload.length).toBeLessThan(plain.rawPayload.length / 10);
});

test('short answers are not packed, unless the client takes nothing else', async () => {
  const { get, state } = await longBook();
  state.title = 'short';
  expect((await get({ 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  expect((await get({ 'accept-encoding': 'gzip, identity;q=0' })).headers['content-encoding']).toBe('gzip');
});

test('nothing is packed, tagged or varied that nobody asked for', async () => {
  const { get } = await longBook({ compression: undefined, etag: false });
  const { headers } = await get({ 'accept-encoding': 'gzip', 'if-none-match': '*' });
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers).not.toHaveProperty('vary');
  expect(headers).not.toHaveProperty('etag');
  expect(headers).not.toHaveProperty('cache-control');
});

test('a tag names the bytes of a coding: strong, the same as long as they are, another for each coding', async () => {
  const { get, state } = await longBook();
  const { etag } = (await get()).headers;
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  expect((await get()).headers.etag).toBe(etag);
  expect((await get({ 'accept-encoding': 'br' })).headers.etag).toBe(`"${String(etag).slice(1, -1)}-br"`);
  state.title += '!';
  expect((await get()).headers.etag).not.toBe(etag);
});

test.each([
  ['the tag', (tag: string) => tag],
  ['one of several', (tag: string) => `"x", ${tag} ,W/"y,z"`],
  ['the tag as a weak one, which this header does not mind', (tag: string) => `W/${tag}`],
  ['any', () => '*'],
])('who names %s is told that nothing changed, without a body', async (_, header) => {
  const { get, calls } = await longBook();
  const whole = await get();
  const tag = String(whole.headers.etag);
  for (const method of ['GET', 'HEAD'] as const) {
    const answer = await get({ 'if-none-match': header(tag) }, method);
    expect([answer.statusCode, answer.body]).toEqual([304, '']);
    expect(answer.headers).toMatchObject({ etag: tag, vary: 'accept-encoding', 'cache-control': 'private, no-cache' });
    expect(answer.headers).not.toHaveProperty('content-type');
  }
  expect(calls).toHaveLength(3);
});

test.each([
  ['another tag', (tag: string) => `"x${tag.slice(1)}`],
  ['a tag without quotes', (tag: string) => tag.slice(1, -1)],
  ['a part of a tag', (tag: string) => `${tag.slice(0, -2)}"`],
  ['nothing', () => ''],
])('who names %s gets the whole', async (_, header) => {
  const { get } = await longBook();
  const tag = String((await get()).headers.etag);
  const answer = await get({ 'if-none-match': header(tag) });
  expect([answer.statusCode, answer.body.length > LONG.length]).toEqual([200, true]);
});

test('a packed answer is unchanged where its own tag is named, and HEAD has the headers of GET', async () => {
  const { get } = await longBook();
  const packed = await get({ 'accept-encoding': 'gzip' });
  const again = { 'accept-encoding': 'gzip', 'if-none-match': String(packed.headers.etag) };
  expect((await get(again)).statusCode).toBe(304);
  expect((await get({ 'if-none-match': String(packed.headers.etag) })).statusCode).toBe(200);
  const head = await get({ 'accept-encoding': 'gzip' }, 'HEAD');
  for (const name of ['etag', 'content-length', 'content-encoding', 'content-type', 'vary'])
    expect(head.headers[name]).toBe(packed.headers[name]);
  expect(head.body).toBe('');
});

test('only what was read is tagged: no command, no error, and not what a hook has tagged itself', async () => {
  const { app } = await serveLibrary(
    { GetBook: () => Promise.reject(new Error('x')), ListBooks: () => ({ books: [] }) },
    {
      ...MANY,
      hooks: {
        [`${LIBRARY}/ListBooks`]: { response: () => ({ headers: { etag: 'W/"7"', 'cache-control': 'max-age=5' } }) },
        [`${LIBRARY}/ReadFile`]: { response: () => ({ status: 202 }) },
      },
    },
  );
  const lend = await app.inject({ method: 'POST', url: '/v1/books/7:lend', headers: { 'if-none-match': '*' } });
  expect([lend.statusCode, lend.headers.etag]).toEqual([200, undefined]);
  expect((await app.inject('/v1/books/7')).headers.etag).toBeUndefined();
  expect((await app.inject({ url: '/v1/files/x', headers: { 'if-none-match': '*' } })).statusCode).toBe(202);
  const list = await app.inject('/v1/shelves/1/books');
  expect(list.headers).toMatchObject({ etag: 'W/"7"', 'cache-control': 'max-age=5' });
  const again = await app.inject({ url: '/v1/shelves/1/books', headers: { 'if-none-match': '"7"' } });
  expect(again.statusCode).toBe(304);
});

test('of files those that are text are packed, and all are tagged', async () => {
  const file = { content_type: 'image/png', data: Buffer.alloc(5000).toString('base64') };
  const { app } = await serveArchive({ GetFile: () => ({ file }) }, MANY);
  const get = () => app.inject({ url: '/v1/archive/x', headers: { 'accept-encoding': 'gzip' } });
  const picture = await get();
  expect([picture.headers['content-encoding'], picture.headers.vary]).toEqual([undefined, undefined]);
  expect(picture.headers.etag).toBeDefined();
  for (const type of ['text/html', 'application/vnd.x+json; charset=utf-8', 'image/svg+xml', 'application/xml']) {
    file.content_type = type;
    expect((await get()).headers).toMatchObject({ 'content-type': type, 'content-encoding': 'gzip' });
  }
});

test('the description is packed once, and tagged', async () => {
  const { app } = await longBook();
  const get = (headers = {}) => app.inject({ url: '/openapi.json', headers });
  const [first, second] = [await get({ 'accept-encoding': 'br' }), await get({ 'accept-encoding': 'br' })];
  expect(first.headers['content-encoding']).toBe('br');
  expect(second.rawPayload.equals(first.rawPayload)).toBe(true);
  expect(JSON.parse(brotliDecompressSync(first.rawPayload).toString())).toHaveProperty('paths');
  const { etag } = (await get()).headers;
  expect((await get({ 'if-none-match': etag })).statusCode).toBe(304);
});
