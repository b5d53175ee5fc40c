import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startGateway } from './spec/start-gateway.ts';

/** A gateway whose ListOrders answers when it is told to. */
async function serve(settings: Readonly<Record<string, unknown>>, bytes = 0) {
  const answer = Promise.withResolvers<object>();
  const { fastify, signer } = await startGateway({ settings, order: { listOrders: () => answer.promise } });
  const port = Number(new URL(await fastify.listen({ host: '127.0.0.1', port: 0 })).port);
  const request = `GET /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await signer.sign()}\r\n\r\n`;
  return {
    fastify,
    port,
    request,
    answer: () => answer.resolve({ orders: [], nextPageToken: 'x'.repeat(bytes) }),
    open: () => {
      const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      return socket;
    },
  };
}

const statuses = (heard: string) => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);

test('a pipeline takes no more places than it may, and the answers come in their order', async () => {
  const { open, request, answer } = await serve({ limits: { requests: 10, pipelined: 4 } });
  const socket = open();
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(request.repeat(20));
  // Another client finds room all the same.
  const other = open();
  let others = '';
  other.on('data', (chunk: Buffer) => (others += chunk.toString()));
  other.write(request);
  await new Promise((resolve) => setImmediate(resolve));
  answer();
  await expect.poll(() => statuses(heard)).toEqual([...Array<string>(4).fill('200'), ...Array<string>(16).fill('429')]);
  expect(heard).toContain('TOO_MANY_PIPELINED');
  await expect.poll(() => statuses(others)).toEqual(['200']);
  // Places that were given back can be taken again.
  socket.write(request);
  await expect.poll(() => statuses(heard).at(-1)).toBe('200');
});

test('connections beyond the bound are hung up on, and let in when others have left', async () => {
  const { port, open } = await serve({ limits: { connections: 20 } });
  const sockets = Array.from({ length: 60 }, open);
  let gone = 0;
  for (const socket of sockets) socket.resume().on('close', () => (gone += 1));
  await expect.poll(() => gone).toBe(40);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(async () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});

test('who does not read the answers is hung up on, and its places are given back', async () => {
  const { fastify, open, request, answer } = await serve({ deadlineMs: 2_000, takeMs: 1_000 }, 3_500_000);
  const socket = open();
  socket.pause();
  socket.write(request.repeat(8));
  answer();
  const connections = async () => new Promise((resolve) => fastify.server.getConnections((_, count) => resolve(count)));
  await expect.poll(connections).toBe(1);
  await expect.poll(connections, { timeout: 20_000 }).toBe(0);
});
