import { describe, expect, test } from 'vitest';
import { connect, request, response, startEcho, TRANSPORTS } from './setup.ts';

describe.each(TRANSPORTS)('load over %s', (_name, transport) => {
  test('10,000 calls at once are all answered, each with its own', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, async (_, number) => client.add(request({ number }), { deadlineMs: 90_000 })),
    );
    expect(answers.map(({ number }) => number)).toEqual(Array.from({ length: 10_000 }, (_, number) => number));
  }, 100_000);

  test('a full queue answers RESOURCE_EXHAUSTED, not processed, and what was let in is answered', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport, limits: { maxInFlight: 4, maxQueued: 10 } });
    await client.echo(request());
    const results = await Promise.allSettled(Array.from({ length: 50 }, async () => client.add(request())));
    const failed = results.filter((result) => result.status === 'rejected');
    expect(results.length - failed.length).toBe(14);
    for (const { reason } of failed)
      expect(reason).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'CLIENT_QUEUE_FULL' });
  });

  test('connections that reach their age under load cost no call', async () => {
    const { instance } = await startEcho(
      {
        add: async ({ number }) => {
          await new Promise((resolve) => setTimeout(resolve, number % 7));
          return response({ number });
        },
      },
      { limits: { connectionAgeMs: 150 } },
    );
    const { client } = connect([instance], { transport });
    const until = performance.now() + 2_500;
    let calls = 0;
    const errors: unknown[] = [];
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (performance.now() < until || calls < 1_000) {
          calls += 1;
          try {
            await client.add(request({ number: calls }));
          } catch (error) {
            errors.push(error);
          }
        }
      }),
    );
    expect(errors).toEqual([]);
  }, 60_000);

  test('a 4 MB message does not starve the small ones', async () => {
    const { instance } = await startEcho();
    const { client } = connect([instance], { transport });
    const payload = Buffer.alloc(4 * 1024 * 1024 - 100, 1);
    const big = client.echo(request({ payload }), { deadlineMs: 20_000 });
    const small = await Promise.all(Array.from({ length: 200 }, async (_, number) => client.echo(request({ number }))));
    expect(small).toHaveLength(200);
    expect((await big).payload.equals(payload)).toBe(true);
  });
});
