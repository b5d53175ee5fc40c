import { describe, expect, test } from 'vitest';
import { AppError } from '@stampede/errors';
import { Metadata } from '../index.ts';
import { all, connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';

describe.each(TRANSPORTS)('metadata over %s', (_name, transport) => {
  test('text and bytes travel both ways, several values in order', async () => {
    const bytes = Buffer.of(0, 255, 44, 61);
    const { instance } = await startEcho({
      add: async (_, { metadata, responseHeaders, responseTrailers }) => {
        responseHeaders.set('x-seen', ...metadata.getAll('x-many').map(String));
        responseHeaders.set('seen-bin', metadata.get('blob-bin') ?? Buffer.alloc(0));
        responseTrailers.set('x-end', 'there').append('end-bin', bytes).append('end-bin', Buffer.of(9));
        return Promise.resolve(response());
      },
    });
    const { client } = connect([instance], { transport });
    let headers = new Metadata();
    let trailers = new Metadata();
    await client.add(request(), {
      metadata: new Metadata({ 'X-Text': 'plain text, with a comma', 'blob-bin': bytes })
        .append('x-many', 'one')
        .append('x-many', 'two'),
      onHeaders: (received) => (headers = received),
      onTrailers: (received) => (trailers = received),
    });
    expect(headers.getAll('x-seen').join(', ')).toBe('one, two');
    expect(headers.get('seen-bin')).toEqual(bytes);
    expect(trailers.get('x-end')).toBe('there');
    expect(trailers.getAll('end-bin')).toEqual([bytes, Buffer.of(9)]);
  });

  test('trailers come with failures and with streams too', async () => {
    const { instance } = await startEcho({
      add: async (_, { responseTrailers }) => {
        responseTrailers.set('x-hint', 'wait');
        return Promise.reject(new AppError('ABORTED', 'BUSY', 'busy'));
      },
      async *count(_, { responseHeaders, responseTrailers }) {
        responseHeaders.set('x-head', 'first');
        yield await Promise.resolve(response());
        responseTrailers.set('x-tail', 'last');
      },
    });
    const { client } = connect([instance], { transport });
    const got = new Map<string, string | undefined>();
    await failure(client.add(request(), { onTrailers: (received) => got.set('hint', received.get('x-hint')) }));
    await all(
      client.count(request(), {
        onHeaders: (received) => got.set('head', received.get('x-head')),
        onTrailers: (received) => got.set('tail', received.get('x-tail')),
      }),
    );
    expect(Object.fromEntries(got)).toEqual({ hint: 'wait', head: 'first', tail: 'last' });
  });
});

test('keys are lower case, and illegal keys and values are refused', () => {
  const metadata = new Metadata({ 'X-Mixed': 'a' });
  expect(metadata.get('x-mixed')).toBe('a');
  expect(metadata.has('X-MIXED')).toBe(true);
  expect(metadata.delete('x-Mixed')).toBe(true);
  expect(metadata.size).toBe(0);
  expect(() => metadata.set('sp ace', 'a')).toThrow(TypeError);
  expect(() => metadata.set('x', 'ä')).toThrow(TypeError);
  expect(() => metadata.set('x', 'a\r\nb: c')).toThrow(TypeError);
  expect(() => metadata.set('x', Buffer.of(1))).toThrow(TypeError);
  expect(() => metadata.set('x-bin', 'text')).toThrow(TypeError);
  expect(() => metadata.set('Connection', 'close')).toThrow(TypeError);
  expect(() => metadata.set('grpc-status', '0')).toThrow(TypeError);
});

test('a second value for a header that HTTP/2 wants once costs nobody a connection', async () => {
  const { instance } = await startEcho({
    add: async (_, { responseHeaders, responseTrailers }) => {
      responseHeaders.append('etag', 'a').append('etag', 'b');
      responseTrailers.append('etag', 'c').append('etag', 'd');
      return Promise.resolve(response());
    },
  });
  const { client } = connect([instance]);
  const other = client.count(request({ number: 1_000 }));
  await client.add(request(), { metadata: new Metadata().append('date', 'a').append('date', 'b') });
  expect(await all(other)).toHaveLength(1_000);
});
