import type { AppError } from '@stampede/errors';
import { describe, expect, test, vi } from 'vitest';
import { outcomeOf } from '../index.ts';
import { connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';
import { rawClient } from './raw-client.ts';

describe.each(TRANSPORTS)('deadlines over %s', (_name, transport) => {
  test('travel to the handler', async () => {
    const seen: number[] = [];
    const { instance } = await startEcho({
      echo: async (_, context) => {
        seen.push(context.remainingMs());
        return Promise.resolve(response());
      },
    });
    const { client } = connect([instance], { transport, defaultDeadlineMs: 20_000 });
    await client.echo(request(), { deadlineMs: 8_000 });
    await client.echo(request());
    expect(seen[0]).toBeGreaterThan(100);
    expect(seen[0]).toBeLessThanOrEqual(8_000);
    expect(seen[1]).toBeGreaterThan(8_000);
    expect(seen[1]).toBeLessThanOrEqual(20_000);
  });

  test('of a call made while serving are never more than what that call has left', async () => {
    const inner = Promise.withResolvers<number>();
    const backend = await startEcho({
      add: async (_, context) => {
        inner.resolve(context.remainingMs());
        return Promise.resolve(response());
      },
    });
    const { client: toBackend } = connect([backend.instance], { transport });
    const front = await startEcho({ echo: async (message, context) => toBackend.add(message, { context }) });
    const { client } = connect([front.instance], { transport });
    await client.echo(request(), { deadlineMs: 7_000 });
    expect(await inner.promise).toBeLessThanOrEqual(7_000);
    expect(await inner.promise).toBeGreaterThan(100);
  });

  test('end a call on both sides: DEADLINE_EXCEEDED, outcome unknown, and the handler’s signal says why', async () => {
    const aborted = Promise.withResolvers<unknown>();
    const { instance } = await startEcho({
      add: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve(signal.reason);
            reject(signal.reason as AppError);
          });
        }),
    });
    const { client } = connect([instance], { transport });
    // Connected: the deadline is to pass in the handler, not on the way to it.
    await client.echo(request());
    const error = await failure(client.add(request(), { deadlineMs: 500 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(outcomeOf(error)).toBe('unknown');
    expect(await aborted.promise).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('that have passed already are not sent', async () => {
    const add = vi.fn(async () => Promise.resolve(response()));
    const { instance } = await startEcho({ add });
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request(), { deadlineMs: 0 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(outcomeOf(error)).toBe('not-processed');
    expect(add).not.toHaveBeenCalled();
  });
});

test('a call that came without a deadline gets the server’s', async () => {
  const { instance } = await startEcho(
    {
      echo: async (_, { signal }) =>
        new Promise((_resolve, reject) => (signal.onabort = () => reject(new Error('late')))),
    },
    { limits: { defaultDeadlineMs: 60 } },
  );
  const answer = await rawClient(instance.address).unary('Echo', request());
  expect(answer).toMatchObject({ code: 4, reason: 'DEADLINE_EXCEEDED' });
});

test('a stream that came without a deadline is ended politely at the server’s bound', async () => {
  const { instance } = await startEcho(
    {
      async *count(_, { signal }) {
        yield await Promise.resolve(response({ number: 1 }));
        await new Promise((resolve) => (signal.onabort = resolve));
      },
    },
    { limits: { maxStreamMs: 60 } },
  );
  const { client } = connect([instance]);
  const received: number[] = [];
  const reading = (async () => {
    for await (const { number } of client.count(request())) received.push(number);
  })();
  expect(await failure(reading)).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_DRAINED' });
  expect(received).toEqual([1]);
});

test('a stream whose handler does not listen is ended over its head', async () => {
  const { instance } = await startEcho(
    {
      count: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
    },
    { limits: { maxStreamMs: 60 } },
  );
  const { client } = connect([instance]);
  const reading = (async () => {
    for await (const each of client.count(request())) expect(each).toBeUndefined();
  })();
  expect(await failure(reading)).toMatchObject({ code: 'UNAVAILABLE', reason: 'STREAM_DRAINED' });
});
