import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '@stampede/errors';
import { serveLibrary, type Answer } from '../spec/library.ts';

const EVENTS = { accept: 'text/event-stream' };

async function watching(answer: Answer, options = {}) {
  const { app } = await serveLibrary({ WatchBook: answer }, options);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  async function open(headers: Record<string, string> = EVENTS): Promise<IncomingMessage> {
    const request = get(`${address}/v1/books/7:watch`, { headers, agent: false });
    request.on('error', () => undefined);
    onTestFinished(() => void request.destroy());
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    return response;
  }
  return { app, open };
}

/** The body up to and with `mark`, or to its end. */
async function read(response: IncomingMessage, mark?: string): Promise<string> {
  let body = '';
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    body += chunk as string;
    if (mark !== undefined && body.includes(mark)) break;
  }
  return body;
}

const never = (signal: AbortSignal | undefined) =>
  new Promise<never>((_, reject) =>
    signal?.addEventListener('abort', () => reject(new AppError('CANCELLED', 'CANCELLED', 'gone'))),
  );

async function* twoBooks() {
  yield { book: { title: 'A\nB' } };
  yield { book: { title: 'C' } };
}

const book = (title: string) => JSON.stringify({ name: '', title, tags: [] });

test('messages are events, unwrapped as response_body says, and the end is told', async () => {
  const { open } = await watching(twoBooks);
  const response = await open();
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  expect(await read(response)).toBe(`data: ${book('A\nB')}\n\ndata: ${book('C')}\n\nevent: end\ndata: {}\n\n`);
});

test.each(['application/x-ndjson', 'application/json', 'text/html, application/json;q=0.9'])(
  '%s asks for JSON lines',
  async (accept) => {
    const { open } = await watching(twoBooks);
    const response = await open({ accept });
    expect(response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(await read(response)).toBe(`${book('A\nB')}\n${book('C')}\n`);
  },
);

test('what fails at once is an HTTP status', async () => {
  const { open } = await watching(async function* () {
    yield await Promise.reject(new AppError('NOT_FOUND', 'NO_SUCH_BOOK', 'no such book'));
  });
  const response = await open();
  expect(response.statusCode).toBe(410);
  expect(JSON.parse(await read(response))).toMatchObject({ reason: 'NO_SUCH_BOOK' });
});

test.each([
  [EVENTS, 'event: error\ndata: {', '\n\n'],
  [{ accept: 'application/x-ndjson' }, '{"error":{', '}\n'],
])('what fails later is the last frame', async (headers, start, end) => {
  const { open } = await watching(async function* () {
    yield { book: {} };
    throw new AppError('ABORTED', 'LENT', 'somebody took it');
  });
  const body = await read(await open(headers));
  const frame = body.slice(body.indexOf(start));
  expect(frame).toMatch(/"status":423,.*"reason":"LENT"/);
  expect(frame.startsWith(start)).toBe(true);
  expect(frame.endsWith(end)).toBe(true);
});

test('a quiet stream is opened, and heartbeats keep it', async () => {
  const { open } = await watching(
    async function* (_, { signal }) {
      yield await never(signal);
    },
    { heartbeatMs: 30 },
  );
  const response = await open();
  expect(response.statusCode).toBe(200);
  expect(await read(response, ': still here\n\n: still here\n\n')).toMatch(/^(: still here\n\n)+$/);
});

test('a client that leaves cancels the call', async () => {
  let signal: AbortSignal | undefined;
  const { open } = await watching(async function* (_, options) {
    signal = options.signal;
    yield { book: {} };
    yield await never(options.signal);
  });
  const response = await open();
  await read(response, '\n\n');
  expect(signal?.aborted).toBe(false);
  response.destroy();
  await vi.waitFor(() => expect(signal?.aborted).toBe(true));
});

test('a client that does not read slows the service down', async () => {
  let made = 0;
  const title = 'x'.repeat(100_000);
  const { open } = await watching(async function* () {
    for (; made < 400; made++) yield { book: { title } };
  });
  const response = await open();
  response.pause();
  // Sockets hold some megabytes; 40 MB would be all of it.
  let before = -1;
  while (made !== before) {
    before = made;
    await sleep(200);
  }
  expect(made).toBeLessThan(300);
  response.resume();
  await vi.waitFor(() => expect(made).toBe(400), { timeout: 20_000 });
});

test('a stop of the server ends streams, without an error', async () => {
  const { app, open } = await watching(async function* (_, { signal }) {
    yield { book: {} };
    yield await never(signal);
  });
  const response = await open();
  await read(response, '\n\n');
  const rest = read(response);
  // A client that would keep its connection does not hold the stop up.
  const address = app.listeningOrigin;
  const kept = await fetch(`${address}/v1/books/7:watch`);
  await app.close();
  expect(await rest).toBe('');
  expect(await kept.text()).toMatch(/^data: .*\n\n$/);
});

test.each([
  ['the time limit of streams', new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'too late')],
  ['the service going away', new AppError('UNAVAILABLE', 'STREAM_DRAINED', 'open it again')],
])('%s ends a stream without an error, so that the client connects anew', async (_, error) => {
  const { open } = await watching(
    async function* () {
      yield { book: {} };
      throw error;
    },
    { streamLimitMs: 1 },
  );
  expect(await read(await open())).toBe(`data: ${book('')}\n\n`);
});

test('HEAD answers the headers and opens no stream', async () => {
  const { app, calls } = await serveLibrary();
  const response = await app.inject({ method: 'HEAD', url: '/v1/books/7:watch' });
  expect([response.statusCode, response.headers['content-type'], response.body]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    '',
  ]);
  expect(calls).toEqual([]);
});
