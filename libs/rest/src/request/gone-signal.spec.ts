import { once } from 'node:events';
import http2 from 'node:http2';
import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { restPlugin } from '../index.ts';
import { LIBRARY, libraryChannel, librarySource, serveLibrary } from '../spec/library.ts';

test('an answer aborts nothing; a client that leaves cancels all that it still waits for, what it pipelined too', async () => {
  const signals: AbortSignal[] = [];
  const { app } = await serveLibrary({
    GetBook: ({ name }, { signal }) => {
      if (signal !== undefined) signals.push(signal);
      return name === '1' ? {} : new Promise((resolve) => signal?.addEventListener('abort', () => resolve({})));
    },
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET /v1/books/1 HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(socket, 'data');
  socket.write('GET /v1/books/2 HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2));
  await vi.waitFor(() => expect(signals).toHaveLength(3));
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  socket.destroy();
  await vi.waitFor(() => expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]));
});

test('over HTTP/2 a request that is reset cancels its call and no other, and a session that ends cancels all that are left', async () => {
  const signals = new Map<unknown, AbortSignal | undefined>();
  const channel = libraryChannel(
    { GetBook: ({ name }, { signal }) => new Promise(() => signals.set(name, signal)) },
    [],
  );
  const app = Fastify({ http2: true }) as unknown as FastifyInstance;
  await app.register(restPlugin, { ...librarySource, channels: { [LIBRARY]: channel } });
  const session = http2.connect(await app.listen({ port: 0, host: '127.0.0.1' }));
  onTestFinished(() => {
    session.destroy();
    return app.close();
  });
  const [first] = ['1', '2', '3'].map((name) =>
    session.request({ ':path': `/v1/books/${name}` }).on('error', () => undefined),
  );
  const aborted = () => ['1', '2', '3'].map((name) => signals.get(name)?.aborted);
  await vi.waitFor(() => expect(aborted()).toEqual([false, false, false]));
  first?.close(http2.constants.NGHTTP2_CANCEL);
  await vi.waitFor(() => expect(aborted()).toEqual([true, false, false]));
  session.destroy();
  await vi.waitFor(() => expect(aborted()).toEqual([true, true, true]));
});
