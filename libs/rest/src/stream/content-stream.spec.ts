import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { AppError } from '@stampede/errors';
import { serveArchive } from '../spec/library.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a file is answered as it is, with its type, its length and no guessing', async () => {
  const file = { content_type: 'text/csv; charset=utf-8', data: base64('a;ö\n') };
  const { app } = await serveArchive({ GetFile: () => ({ file }), Convert: () => ({}) });
  const answer = await app.inject('/v1/archive/x.csv');
  expect(answer.body).toBe('a;ö\n');
  expect(answer.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-length': '5',
    'x-content-type-options': 'nosniff',
  });
  const head = await app.inject({ method: 'HEAD', url: '/v1/archive/x.csv' });
  expect([head.headers['content-length'], head.body]).toEqual(['5', '']);
  const empty = await app.inject({ method: 'POST', url: '/v1/convert' });
  expect([empty.statusCode, empty.body, empty.headers['content-type']]).toEqual([200, '', 'application/octet-stream']);
});

test.each(['', 'text', 'text/html\r\nset-cookie: a=b', 'text/html; charset', 'ä/b'])(
  'the type %j is none',
  async (type) => {
    const { app } = await serveArchive({ GetFile: () => ({ file: { content_type: type, data: base64('x') } }) });
    const { headers, statusCode } = await app.inject('/v1/archive/x');
    expect([statusCode, headers['content-type'], headers['set-cookie']]).toEqual([
      200,
      'application/octet-stream',
      undefined,
    ]);
  },
);

test('a file in pieces is their bytes one after the other, of the type of the first', async () => {
  const { app } = await serveArchive({
    DownloadFile: async function* () {
      yield { content_type: 'text/plain', data: base64('ab') };
      yield { content_type: 'text/html', data: '' };
      yield { data: base64('c') };
    },
  });
  const answer = await app.inject('/v1/archive/x:download');
  expect([answer.body, answer.headers['content-type']]).toEqual(['abc', 'text/plain']);
});

test('what fails before the first piece is an HTTP status; later the body breaks off', async () => {
  const failing = new AppError('NOT_FOUND', 'NO_SUCH_BOOK', 'no');
  let pieces = 0;
  const { app } = await serveArchive({
    DownloadFile: async function* () {
      for (let piece = 0; piece < pieces; piece++) yield { data: base64('ab') };
      throw failing;
    },
  });
  expect((await app.inject('/v1/archive/x:download')).statusCode).toBe(410);
  pieces = 1;
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const [response] = (await once(get(`${address}/v1/archive/x:download`), 'response')) as [IncomingMessage];
  await expect(response.toArray()).rejects.toThrow('aborted');
  expect(response.complete).toBe(false);
});

test('a reader who leaves cancels the call, and one who reads slowly slows it', async () => {
  let [made, ended] = [0, false];
  const data = Buffer.alloc(200_000).toString('base64');
  const { app } = await serveArchive({
    DownloadFile: async function* () {
      try {
        for (; made < 400; made++) yield { data };
      } finally {
        ended = true;
      }
    },
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const [response] = (await once(get(`${address}/v1/archive/x:download`), 'response')) as [IncomingMessage];
  response.pause();
  await expect
    .poll(
      async () => {
        const before = made;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return made === before;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  // Sockets hold some megabytes; 80 MB would be all of it.
  expect(made).toBeLessThan(200);
  response.destroy();
  await expect.poll(() => ended).toBe(true);
});
