import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serveLibrary } from '../spec/library.ts';

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
