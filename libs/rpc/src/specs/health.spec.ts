import grpc from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startEcho } from './setup.ts';

interface Answer {
  readonly status: string;
}

function healthClient(address: string) {
  const Health = grpc.makeGenericClientConstructor(service, 'Health');
  const client = new Health(address, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  return {
    check: (name: string) =>
      new Promise<string>((resolve) => {
        const call = client['check'] as (
          message: object,
          done: (error: grpc.ServiceError | null, answer?: Answer) => void,
        ) => void;
        call.call(client, { service: name }, (error, answer) =>
          resolve(error === null ? String(answer?.status) : `code ${error.code}`),
        );
      }),
    watch: (name: string) => {
      const seen: string[] = [];
      const call = (client['watch'] as (message: object) => grpc.ClientReadableStream<Answer>).call(client, {
        service: name,
      });
      call.on('data', ({ status }: Answer) => seen.push(status));
      call.on('error', (error: grpc.ServiceError) => seen.push(`code ${error.code}`));
      return seen;
    },
  };
}

test('says whether the server and each of its services serve, once and as it changes', async () => {
  const { server, instance } = await startEcho();
  const health = healthClient(instance.address);
  const echo = 'stampede.test.v1.EchoService';
  expect(await health.check('')).toBe('SERVING');
  expect(await health.check(echo)).toBe('SERVING');
  expect(await health.check('no.such.Service')).toBe('code 5');
  const [whole, one, none] = [health.watch(''), health.watch(echo), health.watch('no.such.Service')];
  await vi.waitFor(() => expect([whole, one, none]).toEqual([['SERVING'], ['SERVING'], ['SERVICE_UNKNOWN']]));
  server.setServing(false);
  expect(await health.check(echo)).toBe('NOT_SERVING');
  await vi.waitFor(() =>
    expect([whole, one]).toEqual([
      ['SERVING', 'NOT_SERVING'],
      ['SERVING', 'NOT_SERVING'],
    ]),
  );
});

test('a drain tells the watchers and ends their streams, so that they do not hold it up', async () => {
  const { server, instance } = await startEcho();
  const seen = healthClient(instance.address).watch('');
  await vi.waitFor(() => expect(seen).toEqual(['SERVING']));
  const before = performance.now();
  await server.drain({ timeoutMs: 10_000 });
  expect(performance.now() - before).toBeLessThan(2_000);
  await vi.waitFor(() => expect(seen).toEqual(['SERVING', 'NOT_SERVING', 'code 14']));
});

test('a drained server does not serve again', async () => {
  const { server } = await startEcho();
  await server.drain();
  server.setServing(true);
  await expect(server.drain()).resolves.toBeUndefined();
});
