import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Channel } from '@stampede/rpc';
import { expect, onTestFinished, test } from 'vitest';
import { seed } from './seed.ts';

/** A gateway that answers everything with this status, or with nothing at all. */
async function gateway(status: number | undefined): Promise<string> {
  const server = createServer((request, response) => {
    if (status === undefined) request.socket.destroy();
    else response.writeHead(status, { 'content-type': 'application/json' }).end('{"accessToken":"t"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const users = { unary: () => Promise.resolve({}) } as unknown as Channel;
const credentials = { operatorPassword: 'o', customerPassword: 'c', serviceSecret: 's' };

test('accounts and products that exist already are left alone', async () => {
  await seed({ users, gatewayUrl: await gateway(201), credentials });
});

test.each([
  [undefined, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [429, 'UNAVAILABLE'],
  [401, 'INTERNAL'],
])('a gateway that answers %s is %s', async (status, code) => {
  await expect(seed({ users, gatewayUrl: await gateway(status), credentials })).rejects.toMatchObject({ code });
});
