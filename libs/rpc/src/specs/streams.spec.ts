import { AppError } from '@stampede/errors';
import { describe, expect, test, vi } from 'vitest';
import { outcomeOf } from '../index.ts';
import { all, connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';

async function* numbers(count: number) {
  for (let number = 1; number <= count; number += 1) yield await Promise.resolve(request({ number }));
}

describe.each(TRANSPORTS)('streams over %s', (_name, transport) => {
  test('a stream of responses arrives whole and in order', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const received = await all(client.count(request({ number: 1_000 })));
    expect(received.map(({ number }) => number)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
    expect(await all(client.count(request()))).toEqual([]);
  });

  test('a stream of requests is answered once', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    expect(await client.sum(numbers(500))).toMatchObject({ number: 125_250 });
    expect(await client.sum(numbers(0))).toMatchObject({ number: 0 });
  });

  test('a conversation goes back and forth, each side waiting for the other', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const heard: number[] = [];
    let next = Promise.withResolvers<number | undefined>();
    async function* talk() {
      for (;;) {
        const number = await next.promise;
        next = Promise.withResolvers();
        if (number === undefined) return;
        yield request({ number });
      }
    }
    next.resolve(1);
    for await (const { number } of client.chat(talk())) {
      heard.push(number);
      next.resolve(number < 5 ? number + 1 : undefined);
    }
    expect(heard).toEqual([1, 2, 3, 4, 5]);
  });

  test('an error after some responses arrives after them', async () => {
    const { instance } = await startEcho({
      async *count() {
        yield await Promise.resolve(response({ number: 1 }));
        throw new AppError('ABORTED', 'HALF_WAY', 'enough');
      },
    });
    const { client } = connect([instance], { transport });
    const received: number[] = [];
    const call = (async () => {
      for await (const { number } of client.count(request())) received.push(number);
    })();
    expect(await failure(call)).toMatchObject({ code: 'ABORTED', reason: 'HALF_WAY' });
    expect(received).toEqual([1]);
  });

  test('a handler may answer without reading all requests', async () => {
    const { instance } = await startEcho({
      async sum(requests) {
        for await (const { number } of requests) return response({ number });
        return response();
      },
      async *chat(requests) {
        for await (const { number } of requests) {
          yield response({ number });
          break;
        }
        yield response({ text: 'bye' });
      },
    });
    const { client } = connect([instance], { transport });
    expect(await client.sum(numbers(10_000))).toMatchObject({ number: 1 });
    const heard = await all(client.chat(numbers(10_000)));
    expect(heard.map(({ number, text }) => text || number)).toEqual([1, 'bye']);
  });

  test('what the caller’s own requests throw reaches the caller, and the server sees the call end', async () => {
    const ended = Promise.withResolvers<unknown>();
    const heard = Promise.withResolvers<undefined>();
    let complete = false;
    const { instance } = await startEcho({
      async sum(requests, { signal }) {
        signal.addEventListener('abort', () => ended.resolve(signal.reason));
        for await (const each of requests) if (each.number === 1) heard.resolve(undefined);
        complete = true;
        return response();
      },
    });
    const { client } = connect([instance], { transport });
    const mine = new Error('disk on fire');
    async function* broken() {
      yield request({ number: 1 });
      await heard.promise;
      throw mine;
    }
    expect(await failure(client.sum(broken()))).toBe(mine);
    expect(await ended.promise).toMatchObject({ code: 'CANCELLED' });
    expect(complete).toBe(false);
  });

  test('leaving the loop cancels the call, and the handler’s finally runs', async () => {
    const left = vi.fn();
    const { instance } = await startEcho({
      async *count() {
        try {
          for (let number = 1; ; number += 1) yield await Promise.resolve(response({ number }));
        } finally {
          left();
        }
      },
    });
    const { client } = connect([instance], { transport });
    for await (const { number } of client.count(request())) if (number === 3) break;
    await vi.waitFor(() => expect(left).toHaveBeenCalledOnce());
  });

  test('a reader who stops reading stops the handler: memory stays bounded', async () => {
    let produced = 0;
    const { instance } = await startEcho({
      async *count() {
        for (;;) {
          produced += 1;
          yield await Promise.resolve(response({ payload: Buffer.alloc(64 * 1024) }));
        }
      },
    });
    const { client } = connect([instance], { transport });
    const reader = client.count(request())[Symbol.asyncIterator]();
    await reader.next();
    let before = -1;
    await vi.waitFor(
      () => {
        const steady = produced === before;
        before = produced;
        expect(steady).toBe(true);
      },
      { interval: 200, timeout: 10_000 },
    );
    expect(produced).toBeLessThan(200);
    await reader.return?.();
  });

  test('a writer is held back by a handler that does not read', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { instance } = await startEcho({
      async sum(requests) {
        await gate.promise;
        let number = 0;
        for await (const each of requests) number += each.number;
        return response({ number });
      },
    });
    const { client } = connect([instance], { transport });
    let written = 0;
    async function* flood() {
      for (; written < 2_000; written += 1) {
        yield await Promise.resolve(request({ number: 1, payload: Buffer.alloc(16 * 1024) }));
      }
    }
    const call = client.sum(flood(), { deadlineMs: 20_000 });
    let before = -1;
    await vi.waitFor(
      () => {
        const steady = written === before && written > 0;
        before = written;
        expect(steady).toBe(true);
      },
      { interval: 200, timeout: 10_000 },
    );
    expect(written).toBeLessThan(500);
    gate.resolve(undefined);
    expect(await call).toMatchObject({ number: 2_000 });
  });

  test('a stream that ends in UNAVAILABLE after it delivered is not started again', async () => {
    let calls = 0;
    const { instance } = await startEcho({
      async *count() {
        calls += 1;
        yield await Promise.resolve(response({ number: calls }));
        throw new AppError('UNAVAILABLE', 'HICCUP', 'again later');
      },
    });
    const { client } = connect([instance], { transport });
    const error = await failure(all(client.count(request())));
    expect(error).toMatchObject({ reason: 'HICCUP' });
    expect(outcomeOf(error)).toBe('answered');
    expect(calls).toBe(1);
  });
});
