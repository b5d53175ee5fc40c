import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../index.ts';
import { all, connect, failure, request, response, startEcho, TRANSPORTS } from './setup.ts';

/** A handler that waits until its call is cut short, and tells why. */
function waiting() {
  const started = Promise.withResolvers<undefined>();
  const reason = Promise.withResolvers<unknown>();
  return {
    started: started.promise,
    reason: reason.promise,
    handler: async (_: unknown, { signal }: { signal: AbortSignal }) => {
      started.resolve(undefined);
      await new Promise((resolve) => (signal.onabort = resolve));
      reason.resolve(signal.reason);
      return response();
    },
  };
}

describe.each(TRANSPORTS)('cancellation over %s', (_name, transport) => {
  test('a caller’s signal ends the call at once on both sides', async () => {
    const { started, reason, handler } = waiting();
    const { instance } = await startEcho({ add: handler });
    const { client } = connect([instance], { transport });
    const controller = new AbortController();
    const call = client.add(request(), { signal: controller.signal });
    await started;
    const why = new Error('changed my mind');
    controller.abort(why);
    const error = await failure(call);
    expect(error).toMatchObject({ code: 'CANCELLED', cause: why });
    expect(outcomeOf(error)).toBe('unknown');
    expect(await reason).toMatchObject({ code: 'CANCELLED' });
  });

  test('a signal that is aborted before the call keeps it from being sent', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const error = await failure(client.add(request(), { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'CANCELLED' });
    expect(outcomeOf(error)).toBe('not-processed');
  });

  test('a stream is cancelled by its signal while it waits', async () => {
    const { started, reason, handler } = waiting();
    const { instance } = await startEcho({
      async *count(message, context) {
        yield await handler(message, context);
      },
    });
    const { client } = connect([instance], { transport });
    const controller = new AbortController();
    const call = all(client.count(request(), { signal: controller.signal }));
    await started;
    controller.abort();
    expect(await failure(call)).toMatchObject({ code: 'CANCELLED' });
    expect(await reason).toMatchObject({ code: 'CANCELLED' });
  });

  test('the cancellation of a call goes on to the calls made for it', async () => {
    const { started, reason, handler } = waiting();
    const back = await startEcho({ add: handler });
    const { client: toBack } = connect([back.instance], { transport });
    const front = await startEcho({ add: async (message, context) => toBack.add(message, { context }) });
    const { client } = connect([front.instance], { transport });
    const controller = new AbortController();
    const call = client.add(request(), { signal: controller.signal });
    await started;
    controller.abort();
    expect(await failure(call)).toMatchObject({ code: 'CANCELLED' });
    expect(await reason).toMatchObject({ code: 'CANCELLED' });
  });

  test('a deadline of the call being served reaches the one made for it as DEADLINE_EXCEEDED', async () => {
    const { reason, handler } = waiting();
    const back = await startEcho({ add: handler });
    const { client: toBack } = connect([back.instance], { transport });
    const inner = Promise.withResolvers<unknown>();
    const front = await startEcho({
      add: async (message, context) => {
        const call = toBack.add(message, { context });
        inner.resolve(await failure(call));
        return response();
      },
    });
    const { client } = connect([front.instance], { transport });
    await Promise.all([client.echo(request()), toBack.echo(request())]);
    expect(await failure(client.add(request(), { deadlineMs: 500 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await inner.promise).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('a signal leaves no listener behind', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const { signal } = new AbortController();
    for (let n = 0; n < 5; n += 1) await client.echo(request(), { signal });
    await all(client.count(request({ number: 3 }), { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
