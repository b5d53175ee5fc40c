import { AppError, CODES, type Code } from '@stampede/errors';
import { createLogger } from '@stampede/telemetry';
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../index.ts';
import { connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';
import { rawClient } from './raw-client.ts';

const FAILURES = (Object.keys(CODES) as (keyof typeof CODES)[]).filter((code): code is Code => code !== 'OK');

describe.each(TRANSPORTS)('errors over %s', (_name, transport) => {
  test.each(FAILURES)('%s arrives with its reason', async (code) => {
    const { instance } = await startEcho({ add: () => Promise.reject(new AppError(code, 'BECAUSE', 'so it is')) });
    const { client } = connect([instance], { transport, retry: { maxAttempts: 1 } });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code, reason: 'BECAUSE', message: 'so it is' });
    expect(outcomeOf(error)).toBe(code === 'CANCELLED' || code === 'DEADLINE_EXCEEDED' ? 'unknown' : 'answered');
  });

  test.each([
    ['a TypeError', new TypeError('password=hunter2')],
    ['a string', 'password=hunter2'],
    ['null', null],
    ['undefined', undefined],
    ['an object without a prototype', Object.create(null) as object],
    ['what looks like a gRPC error', Object.assign(new Error('x'), { code: 5, details: 'password=hunter2' })],
  ])('%s that is thrown is an opaque INTERNAL outside', async (_what, thrown) => {
    const throws = () => {
      throw thrown as Error;
    };
    const { instance } = await startEcho({ add: throws, sum: throws, count: throws, chat: throws });
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', message: 'internal error', metadata: {} });
    expect(await failure(client.count(request())[Symbol.asyncIterator]().next())).toMatchObject({ code: 'INTERNAL' });
    expect(await client.echo(request({ text: 'alive' }))).toMatchObject({ text: 'alive' });
  });

  test.each([
    ['lone surrogates', `half a \ud83d face`, 'half a \ufffd face'],
    ['line breaks and percents', 'line\r\nbreak 100 %41', 'line\r\nbreak 100 %41'],
    ['nothing', '', ''],
  ])('a message with %s survives', async (_what, sent, received) => {
    const { instance } = await startEcho({
      add: () => Promise.reject(new AppError('ABORTED', 'ODD', sent, { metadata: { said: sent } })),
    });
    const { client } = connect([instance], { transport });
    expect(await failure(client.add(request()))).toMatchObject({ message: received, metadata: { said: received } });
  });

  test('an error larger than a header block keeps its code and reason', async () => {
    const violations = Array.from({ length: 2_000 }, (_, index) => ({
      field: `items[${index}].quantity`,
      description: 'ä'.repeat(100),
    }));
    const { instance } = await startEcho({
      add: () => Promise.reject(new AppError('INVALID_ARGUMENT', 'MANY', 'ä'.repeat(100_000), { violations })),
    });
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request()));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'MANY',
      violations: expect.arrayContaining([violations[0]]) as unknown,
    });
  });

  test('a response that cannot be encoded is an INTERNAL of its own call', async () => {
    const { instance } = await startEcho({ add: async () => Promise.resolve(response({ number: Number.NaN })) });
    const { client } = connect([instance], { transport });
    expect(await failure(client.add(request()))).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL' });
  });
});

test('what nobody foresaw is whole in the log, with the ids of its call', async () => {
  const lines: string[] = [];
  const log = createLogger({
    service: 'echo',
    instance: 'e1',
    destination: { write: (line) => void lines.push(line) },
  });
  const { instance } = await startEcho({ add: () => Promise.reject(new TypeError('no such column')) }, { log });
  const { client } = connect([instance]);
  await failure(client.add(request(), { requestId: 'req-1' }));
  const line = JSON.parse(lines.find((text) => text.includes('no such column')) ?? '{}') as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'error', requestId: 'req-1', rpc: '/stampede.test.v1.EchoService/Add' });
  expect(line).toMatchObject({ err: { type: 'TypeError', stack: expect.stringContaining('errors.spec') as unknown } });
});

test('a stranger reads google.rpc.Status in the trailer', async () => {
  const { instance } = await startEcho({
    add: () => Promise.reject(new AppError('NOT_FOUND', 'ORDER_NOT_FOUND', 'no such order', { metadata: { id: '7' } })),
  });
  const answer = await rawClient(instance.address).unary('Add', request());
  expect(answer).toMatchObject({ code: 5, message: 'no such order', reason: 'ORDER_NOT_FOUND' });
});
