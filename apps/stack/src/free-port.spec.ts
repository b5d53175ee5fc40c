import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { assertFreePort } from './free-port.ts';

test('a port that somebody has is named, a free one is not taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  await expect(assertFreePort('127.0.0.1', port, 0)).rejects.toMatchObject({
    reason: 'PORT_IN_USE',
    message: expect.stringContaining(String(port)) as string,
  });
  server.close();
  await once(server, 'close');
  await assertFreePort('127.0.0.1', port, 0);
  await assertFreePort('127.0.0.1', port, 0);
});

test('whoever is about to leave a port is waited for', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const free = assertFreePort('127.0.0.1', port, 10_000);
  server.close();
  await free;
});
