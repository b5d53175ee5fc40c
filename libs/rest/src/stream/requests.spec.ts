import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '@stampede/errors';
import { serveArchive, type Answer, type Call } from '../spec/library.ts';

const IMPORT = '/v1/collections/c/entries:import';
const line = (id: string) => `${JSON.stringify({ id })}\n`;

async function serve(answers: Record<string, Answer> = {}, options = {}) {
  const { app, calls } = await serveArchive(answers, options);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  /** A request whose body is written by the test. */
  function open(path: string, type = 'application/x-ndjson', headers = {}, agent?: Agent) {
    const options = { method: 'POST', headers: { 'content-type': type, ...headers } };
    const sent = request(`${address}${path}`, agent === undefined ? options : { ...options, agent });
    sent.on('error', () => undefined);
    onTestFinished(() => void sent.destroy());
    const answered = once(sent, 'response').then(([response]) => response as IncomingMessage);
    answered.catch(() => undefined);
    return { sent, answered };
  }
  return { calls, open };
}

async function text(response: IncomingMessage): Promise<string> {
  return (await response.setEncoding('utf8').toArray()).join('');
}

const ids = (calls: readonly Call[]) => calls.map(({ request: { entry } }) => (entry as { id: string }).id);

test('messages reach the service as they arrive, whole whatever the pieces, and one answer comes back', async () => {
  const { calls, open } = await serve({ ImportEntries: () => ({ imported: ['x'] }) });
  const { sent, answered } = open(IMPORT);
  sent.write(line('1'));
  await vi.waitFor(() => expect(ids(calls)).toEqual(['1']));
  const two = Buffer.from(line('zwölf'));
  const split = two.indexOf(0xc3) + 1;
  sent.write(two.subarray(0, split));
  sent.write(two.subarray(split));
  await vi.waitFor(() => expect(ids(calls)).toEqual(['1', 'zwölf']));
  sent.end();
  const response = await answered;
  expect([response.statusCode, await text(response)]).toEqual([200, '["x"]']);
});

test('a service that takes nothing slows the client down', async () => {
  const free = Promise.withResolvers<undefined>();
  const { open } = await serve({
    async Converse() {
      await free.promise;
      return {};
    },
  });
  const { sent, answered } = open('/v1/conversations');
  const big = `${JSON.stringify({ text: 'x'.repeat(500_000) })}\n`;
  let taken = 0;
  for (; taken < 400; taken++) {
    if (sent.write(big)) continue;
    const drained = await Promise.race([
      once(sent, 'drain').then(() => true),
      new Promise((resolve) => setTimeout(resolve, 300, false)),
    ]);
    if (drained === false) break;
  }
  // Sockets hold some megabytes; 200 MB would be all of it.
  expect(taken).toBeLessThan(100);
  free.resolve(undefined);
  sent.end();
  (await answered).resume();
});

test('a line beyond the limit is refused before its end comes', async () => {
  const { calls, open } = await serve({}, { bodyLimit: 1000 });
  const { sent, answered } = open(IMPORT);
  sent.write(line('1'));
  sent.write(`{"id":"${'x'.repeat(2_000)}`);
  const response = await answered;
  expect(JSON.parse(await text(response))).toMatchObject({ status: 413, reason: 'BODY_TOO_LARGE' });
  expect(ids(calls)).toEqual(['1']);
});

test('a broken line ends the call at once, and tells its place', async () => {
  const { open } = await serve({ ImportEntries: () => new Promise(() => undefined) });
  const { sent, answered } = open(IMPORT);
  sent.write(line('1'));
  sent.write('{"id":1}\n');
  expect(JSON.parse(await text(await answered))).toMatchObject({
    status: 400,
    violations: [{ field: '[1].entry.id' }],
  });
});

test('a packed stream is refused', async () => {
  const { open } = await serve();
  const { sent, answered } = open(IMPORT, 'application/x-ndjson', { 'content-encoding': 'gzip' });
  sent.write(line('1'));
  expect((await answered).statusCode).toBe(415);
});

test('a client that leaves cancels the call', async () => {
  let signal: AbortSignal | undefined;
  const { calls, open } = await serve({
    Converse(_, options) {
      signal = options.signal;
      return {};
    },
  });
  const { sent } = open('/v1/conversations');
  sent.write('{"text":"a"}\n');
  await vi.waitFor(() => expect(calls).toHaveLength(1));
  sent.destroy();
  await vi.waitFor(() => expect(signal?.aborted).toBe(true));
});

test('a connection is good for more after an answer that did not wait for the body', async () => {
  const { open } = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ports: (number | undefined)[] = [];
  for (const broken of ['{"id":1}\n', '']) {
    const { sent, answered } = open(IMPORT, 'application/x-ndjson', {}, agent);
    sent.end(line('1') + broken + line('x').repeat(20_000));
    const response = await answered;
    ports.push(response.socket.localPort);
    expect(response.statusCode).toBe(broken === '' ? 200 : 400);
    await text(response);
  }
  expect(ports[1]).toBe(ports[0]);
});

async function conversation(accept: string) {
  const answer: Answer = ({ text: said }) => {
    if (said === 'fail') throw new AppError('ABORTED', 'LENT', 'lent');
    return { text: `${String(said)}!` };
  };
  const { open } = await serve({ Converse: answer });
  return open('/v1/conversations', 'application/x-ndjson', { accept });
}

async function saying(sent: ClientRequest, response: IncomingMessage, said: string): Promise<string> {
  sent.write(`${said}\n`);
  const [heard] = (await once(response, 'data')) as [string];
  return heard;
}

test('both ways at once: each message is answered while more are to come', async () => {
  const { sent, answered } = await conversation('application/x-ndjson');
  sent.write('{"text":"a"}\n');
  const response = (await answered).setEncoding('utf8');
  expect(((await once(response, 'data')) as [string])[0]).toBe('{"text":"a!"}\n');
  expect(await saying(sent, response, '{"text":"b"}')).toBe('{"text":"b!"}\n');
  sent.end();
  expect(await text(response)).toBe('');
});

test.each([
  ['{"text":"fail"}', /^event: error\ndata: \{.*"status":423,.*"reason":"LENT"/],
  ['{"text":7}', /^event: error\ndata: \{.*"status":400,.*"field":"\[1\].text"/],
])('what fails in the middle is the last frame', async (said, frame) => {
  const { sent, answered } = await conversation('text/event-stream');
  sent.write('{"text":"a"}\n');
  const response = (await answered).setEncoding('utf8');
  expect(((await once(response, 'data')) as [string])[0]).toBe('data: {"text":"a!"}\n\n');
  expect(await saying(sent, response, said)).toMatch(frame);
});

test('what fails at the first message is an HTTP status', async () => {
  const { sent, answered } = await conversation('text/event-stream');
  sent.write('{"text":7}\n');
  expect(JSON.parse(await text(await answered))).toMatchObject({ status: 400, violations: [{ field: '[0].text' }] });
});
