import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from './http-connection.ts';

/** A server that answers each request with what it is given next, in the pieces it is given in; undefined hangs up. */
async function serve(...answers: (readonly string[] | undefined)[]) {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      requests.push(chunk.toString());
      void answer(socket, answers.shift());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = openConnection('127.0.0.1', (server.address() as AddressInfo).port);
  onTestFinished(() => {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const send = (text: string) => new Promise<number>((resolve) => connection.send(text, resolve));
  return { send, requests, sockets };
}

async function answer(socket: Socket, pieces: readonly string[] | undefined): Promise<void> {
  if (pieces === undefined) return void socket.destroy();
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const CREATED = 'HTTP/1.1 201 Created\r\nX: 1\r\nContent-Length: 10\r\n\r\n0123456789';

test('answers in one piece, in many, and without a body, over one connection', async () => {
  const { send, requests, sockets } = await serve(
    [CREATED],
    CREATED.split(''),
    ['HTTP/1.1 409 Conflict\r\ncontent-length:0\r\n\r\n'],
    ['HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r', '\nab', 'cd'],
    [CREATED],
  );
  const statuses = [];
  for (let index = 0; index < 5; index += 1) statuses.push(await send(`request ${index}`));
  expect(statuses).toEqual([201, 201, 409, 503, 201]);
  expect(requests).toEqual(['request 0', 'request 1', 'request 2', 'request 3', 'request 4']);
  expect(sockets).toHaveLength(1);
});

test('a lost connection answers 0, and the next request has a new one', async () => {
  const { send, sockets } = await serve(undefined, [CREATED], ['HTTP/1.1 200 OK\r\n\r\n'], [CREATED]);
  expect([await send('a'), await send('b'), await send('without a length'), await send('c')]).toEqual([0, 201, 0, 201]);
  expect(sockets).toHaveLength(3);
});

test('a server that closes after its answer is believed', async () => {
  const closing = CREATED.replace('X: 1', 'Connection: close');
  const { send, sockets } = await serve([closing], [CREATED]);
  expect([await send('a'), await send('b')]).toEqual([201, 201]);
  expect(sockets).toHaveLength(2);
});

test('nobody there is 0 as well', async () => {
  const connection = openConnection('127.0.0.1', 1);
  expect(await new Promise((resolve) => connection.send('a', resolve))).toBe(0);
});
