import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createMetrics, silentLogger, startAdminServer } from './index.ts';

test('serves metrics by method and code, liveness, and readiness as it changes', async () => {
  let ready = false;
  const metrics = createMetrics({ service: 'order', instance: 'order-1' });
  const server = await startAdminServer({ host: '127.0.0.1', metrics, ready: () => ready, log: silentLogger() });
  onTestFinished(() => server.close());
  const get = (path: string, init?: RequestInit) => fetch(`http://${server.address}${path}`, init);

  metrics.observeCall('server', 'stampede.order.v1.OrderService', 'GetOrder', 'NOT_FOUND', 0.002);
  const page = await (await get('/metrics')).text();
  const line = page.split('\n').find((text) => text.startsWith('rpc_server_duration_seconds_count'));
  expect(line).toMatch(/rpc_method="GetOrder".* 1$/);
  expect(line).toContain('rpc_service="stampede.order.v1.OrderService"');
  expect(line).toContain('code="NOT_FOUND"');
  expect(line).toContain('app="order"');
  expect((await get('/livez')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  ready = true;
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/nothing')).status).toBe(404);
  expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
});

async function serve(): Promise<{ port: number; alive: () => Promise<void> }> {
  const metrics = createMetrics({ service: 'order', instance: 'order-1' });
  const server = await startAdminServer({ host: '127.0.0.1', metrics, ready: () => true, log: silentLogger() });
  onTestFinished(() => server.close());
  const alive = async () => expect((await fetch(`http://${server.address}/livez`)).status).toBe(200);
  return { port: Number(server.address.split(':')[1]), alive };
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

test.each([
  ['noise', '\0'.repeat(1_000), 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['huge headers', `GET /livez HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`, 431],
  ['a huge URL', `GET /${'y'.repeat(10_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  [
    'a length and chunks',
    'GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
  ],
  [
    'a body that nobody wants',
    `POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n${'z'.repeat(9_000)}`,
    405,
  ],
])('%s is a 4xx, and it lives on', async (_what, bytes, status) => {
  const { port, alive } = await serve();
  const socket = open(port);
  socket.write(bytes);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  await alive();
});

test('connections beyond the bound are hung up on, silent ones and slow ones in time', async () => {
  const { port, alive } = await serve();
  await alive();
  const sockets = Array.from({ length: 200 }, () => open(port).resume());
  for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n');
  const drips = sockets.map((socket) => setInterval(() => socket.writable && socket.write('x: y\r\n'), 500));
  onTestFinished(() => drips.forEach(clearInterval));
  await Promise.all(
    sockets.map(
      async (socket) => new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once('close', resolve))),
    ),
  );
  await alive();
});
