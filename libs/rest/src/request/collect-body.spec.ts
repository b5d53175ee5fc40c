import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HttpError } from '../problem/http-error.ts';
import { serveArchive, serveLibrary } from '../spec/library.ts';
import { collectBody, type CollectedBody } from './collect-body.ts';

function collect(options: { readonly length?: number; readonly limit?: number }) {
  const payload = new PassThrough();
  const done = vi.fn<CollectedBody>();
  collectBody(payload, { length: Number.NaN, limit: 100, ...options }, done);
  /** What was found, as text or the reason of the failure, each time that it was told. */
  const told = () =>
    done.mock.calls.map(([failure, body]) =>
      failure instanceof HttpError ? `${failure.status} ${failure.error.reason}` : String(body),
    );
  return { payload, told, waitFor: (count: number) => vi.waitFor(() => expect(told()).toHaveLength(count)) };
}

function write(payload: PassThrough, text: string): Promise<unknown> {
  return new Promise((resolve) => payload.write(text, resolve));
}

test.each([
  ['in one piece', ['abcdef']],
  ['in several', ['a', 'bcd', 'ef']],
])(
  'a body of an announced length that comes %s is there with its last byte, whenever the stream ends',
  async (_, parts) => {
    const { payload, told, waitFor } = collect({ length: 6 });
    for (const part of parts) payload.write(part);
    await waitFor(1);
    expect(told()).toEqual(['abcdef']);
    payload.end();
    await once(payload, 'close');
    expect(told()).toEqual(['abcdef']);
  },
);

test('one of an unknown length is there when the stream ends', async () => {
  const { payload, told, waitFor } = collect({});
  await write(payload, 'ab');
  expect(told()).toEqual([]);
  payload.end('c');
  await waitFor(1);
  expect(told()).toEqual(['abc']);
});

test('none is there at once where none is announced', () => {
  expect(collect({ length: 0 }).told()).toEqual(['']);
});

test('one that is announced as too large is refused before it comes', () => {
  expect(collect({ length: 101 }).told()).toEqual(['413 BODY_TOO_LARGE']);
});

test('one that turns out too large is refused once, and the rest of it flows off', async () => {
  const { payload, told } = collect({ limit: 5 });
  for (const part of ['abc', 'def', 'ghi']) payload.write(part);
  payload.end();
  await once(payload, 'close');
  expect(told()).toEqual(['413 BODY_TOO_LARGE']);
});

test.each([
  ['ends', (payload: PassThrough) => payload.end()],
  ['breaks off', (payload: PassThrough) => payload.destroy(new Error('aborted'))],
])('one that %s too early is a bad request', async (_, stop) => {
  const { payload, told, waitFor } = collect({ length: 6 });
  await write(payload, 'ab');
  stop(payload);
  await waitFor(1);
  expect(told()).toEqual(['400 BODY_CUT_SHORT']);
});

test.each([
  ['a call', serveLibrary, '/v1/shelves/1/books', 'application/json'],
  ['a stream of requests', serveArchive, '/v1/collections/a/entries:import', 'application/x-ndjson'],
])('%s whose request says nothing of a body has an empty one, at once', async (_, serve, path, type) => {
  const { app } = await serve();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
});
