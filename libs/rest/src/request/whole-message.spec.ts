import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serveLibrary } from '../spec/library.ts';
import { WholeMessage } from './whole-message.ts';

const HEAD = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n';

interface ServeOptions {
  /** Awaited before the body is wanted. */
  readonly before?: () => Promise<void>;
  /** Awaited before the answer. */
  readonly after?: () => Promise<void>;
}

/** A server that wants bodies of six bytes, and answers with how it got each; a connection to it. */
async function serve({ before, after }: ServeOptions = {}) {
  const requests: WholeMessage[] = [];
  const server = createServer({ IncomingMessage: WholeMessage }, (request: WholeMessage, response) => {
    requests.push(request);
    const answer = async (how: string, body: string) => {
      await after?.();
      response.end(`${how} ${body}`);
    };
    const want = () => {
      request.want({
        length: 6,
        take: (body) => void answer('taken', body.toString()),
        collect() {
          let body = '';
          request.on('data', (chunk: Buffer) => (body += chunk.toString()));
          request.on('end', () => void answer('collected', body));
        },
      });
    };
    if (before === undefined) want();
    else void before().then(want);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1').setNoDelay();
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { server, socket, requests, answers: () => heard.match(/(?:taken|collected) [a-z]{6}/g) ?? [] };
}

test('a body of one chunk is handed over, request after request, and its stream goes no further', async () => {
  const { socket, requests, answers } = await serve();
  socket.write(`${HEAD}abcdef`);
  await vi.waitFor(() => expect(answers()).toEqual(['taken abcdef']));
  socket.write(HEAD);
  await turn();
  socket.write('ghijkl');
  await vi.waitFor(() => expect(answers()).toEqual(['taken abcdef', 'taken ghijkl']));
  // Pipelined.
  socket.write(`${HEAD}mnopqr${HEAD}stuvwx`);
  await vi.waitFor(() => expect(answers().slice(2)).toEqual(['taken mnopqr', 'taken stuvwx']));
  expect(requests.map((each) => each.readableFlowing)).toEqual([null, null, null, null]);
});

test('one of several is left to be collected', async () => {
  const { socket, answers } = await serve();
  socket.write(`${HEAD}abc`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write('def');
  await vi.waitFor(() => expect(answers()).toEqual(['collected abcdef']));
  socket.write(`${HEAD}abcdef`);
  await vi.waitFor(() => expect(answers()).toEqual(['collected abcdef', 'taken abcdef']));
});

test('one that came before it was wanted, too', async () => {
  const { socket, answers } = await serve({ before: () => turn() });
  socket.write(`${HEAD}abcdef`);
  await vi.waitFor(() => expect(answers()).toEqual(['collected abcdef']));
});

test('a client that leaves before its body is an error, and after it none', async () => {
  const left = vi.fn<(index: number) => void>();
  const { server, socket, requests } = await serve({ after: () => new Promise(() => undefined) });
  server.on('request', (request: WholeMessage) => request.on('aborted', () => left(requests.indexOf(request))));
  socket.write(`${HEAD}abcdef`);
  await vi.waitFor(() => expect(requests).toHaveLength(1));
  // Pipelined, so that the server hears of the end.
  socket.write(HEAD);
  await vi.waitFor(() => expect(requests).toHaveLength(2));
  socket.destroy();
  await vi.waitFor(() => expect(left.mock.calls).toEqual([[1]]));
});

test('whoever is let in by a promise is served all the same', async () => {
  const { app, calls } = await serveLibrary({}, { authenticate: () => turn({ id: 'ann', roles: [] }) });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(
    'POST /v1/shelves/1/books HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{"title":"Small"}',
  );
  await once(socket, 'data');
  expect(calls).toMatchObject([{ options: { user: { id: 'ann' } } }]);
});
