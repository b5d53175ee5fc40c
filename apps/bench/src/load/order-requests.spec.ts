import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from './http-connection.ts';
import { createOrderRequests } from './order-requests.ts';

test("a real server reads them: every customer's and every product's turn comes, each with a key of its own", async () => {
  const seen: string[][] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { authorization = '', 'idempotency-key': key = '' } = request.headers;
      const { items } = JSON.parse(body) as { items: { sku: string }[] };
      seen.push([authorization, String(key), items[0]!.sku]);
      response.writeHead(201, { 'content-length': 2 }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = openConnection('127.0.0.1', port);
  onTestFinished(() => {
    connection.close();
    server.close();
  });
  const write = createOrderRequests({
    host: `127.0.0.1:${port}`,
    tokens: ['a', 'b', 'c'],
    skus: ['x', 'y'],
    keyPrefix: 'run-',
  });
  for (let index = 0; index < 6; index += 1) {
    expect(await new Promise((resolve) => connection.send(write(index), resolve))).toBe(201);
  }
  expect(seen.map(([, key]) => key)).toEqual(['run-0', 'run-1', 'run-2', 'run-3', 'run-4', 'run-5']);
  expect(new Set(seen.map(([who, , sku]) => `${who!} ${sku!}`))).toHaveLength(6);
});
