import { AppError } from '@stampede/errors';
import { createMetrics } from '@stampede/telemetry';
import { describe, expect, test } from 'vitest';
import { whenSettled, type ClientInterceptor, type ServerInterceptor } from '../index.ts';
import { all, connect, failure, request, startEcho, TRANSPORTS } from './setup.ts';

describe.each(TRANSPORTS)('interceptors over %s', (_name, transport) => {
  test('interceptors of both sides wrap every shape of call, the first outermost', async () => {
    const trail: string[] = [];
    const serving =
      (name: string): ServerInterceptor =>
      (next) =>
      (message, context) => {
        trail.push(`${name} ${context.kind}`);
        return whenSettled(next(message, context), (error) =>
          trail.push(`${name} ${error === undefined ? 'done' : 'failed'}`),
        );
      };
    const calling: ClientInterceptor = (next) => (message, context) => {
      trail.push(`client ${context.method}`);
      context.metadata.set('x-added', 'yes');
      return whenSettled(next(message, context), (error) =>
        trail.push(`client ${error === undefined ? 'done' : 'failed'}`),
      );
    };
    const { instance } = await startEcho(
      {
        add: async (_, { metadata }) => Promise.reject(new AppError('ABORTED', String(metadata.get('x-added')), '')),
      },
      { interceptors: [serving('outer'), serving('inner')] },
    );
    const { client } = connect([instance], { transport, interceptors: [calling] });
    await client.echo(request());
    expect(trail.splice(0)).toEqual([
      'client Echo',
      'outer unary',
      'inner unary',
      'inner done',
      'outer done',
      'client done',
    ]);
    await all(client.count(request({ number: 2 })));
    expect(trail.splice(0)).toEqual([
      'client Count',
      'outer serverStream',
      'inner serverStream',
      'inner done',
      'outer done',
      'client done',
    ]);
    expect(await failure(client.add(request()))).toMatchObject({ reason: 'yes' });
    expect(trail.splice(0)).toEqual([
      'client Add',
      'outer unary',
      'inner unary',
      'inner failed',
      'outer failed',
      'client failed',
    ]);
  });

  test('an interceptor is made once a method, so that it may keep state', async () => {
    const made: string[] = [];
    const counting: ClientInterceptor = (next) => {
      let calls = 0;
      return (message, context) => {
        made.push(`${context.method} ${(calls += 1)}`);
        return next(message, context);
      };
    };
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport, interceptors: [counting] });
    await client.echo(request());
    await client.echo(request());
    await client.put(request());
    expect(made).toEqual(['Echo 1', 'Echo 2', 'Put 1']);
  });

  test('an interceptor may answer itself, and what it throws is an error like any other', async () => {
    const { instance } = await startEcho(
      {},
      {
        interceptors: [
          (next) => (message, context) => {
            if (context.method === 'Add') throw new AppError('PERMISSION_DENIED', 'NO', 'no');
            return next(message, context);
          },
        ],
      },
    );
    const cached: ClientInterceptor = (next) => (message, context) =>
      context.method === 'Put' ? Promise.resolve({ text: 'cached' }) : next(message, context);
    const { client } = connect([instance], { transport, interceptors: [cached] });
    expect(await client.put(request())).toEqual({ text: 'cached' });
    expect(await failure(client.add(request()))).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'NO' });
  });

  test('a stream that its reader leaves has settled', async () => {
    const settled: unknown[] = [];
    const watching: ServerInterceptor = (next) => (message, context) =>
      whenSettled(next(message, context), (error) => settled.push(error));
    const { instance } = await startEcho({}, { interceptors: [watching] });
    const { client } = connect([instance], { transport });
    for await (const { number } of client.count(request({ number: 1_000_000 }))) if (number === 2) break;
    await expect.poll(() => settled.length).toBe(1);
  });

  test('every call is counted once by method and code, on both sides', async () => {
    const [serving, calling] = [
      createMetrics({ service: 'echo', instance: 'e' }),
      createMetrics({ service: 'spec', instance: 's' }),
    ];
    const { instance } = await startEcho(
      {
        add: () => Promise.reject(new AppError('ABORTED', 'BUSY', '')),
        put: async () => new Promise(() => undefined),
      },
      { metrics: serving },
    );
    const { client } = connect([instance], { transport, metrics: calling });
    await client.echo(request());
    await client.echo(request());
    await all(client.count(request({ number: 3 })));
    await failure(client.add(request()));
    await failure(client.put(request(), { deadlineMs: 50 }));
    const counts = async (page: Promise<{ body: string }>) =>
      (await page).body
        .split('\n')
        .filter((line) => line.includes('_duration_seconds_count'))
        .map(
          (line) =>
            `${/rpc_method="(\w+)"/.exec(line)?.[1]} ${/code="(\w+)"/.exec(line)?.[1]} ${line.split(' ').at(-1)}`,
        )
        .sort();
    const expected = ['Add ABORTED 1', 'Count OK 1', 'Echo OK 2', 'Put DEADLINE_EXCEEDED 1'];
    expect(await counts(calling.render())).toEqual(expected);
    await expect.poll(async () => counts(serving.render())).toEqual(expected);
  });
});
