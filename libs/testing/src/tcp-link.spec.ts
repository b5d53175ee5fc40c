import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from './eventually.ts';
import { tcpLink, type TcpLink } from './tcp-link.ts';

/** A server that answers with what it hears, a link to it, and a client behind the link. */
async function echo(): Promise<{ link: TcpLink; dial: () => Promise<{ socket: Socket; heard: () => string }> }> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const link = await tcpLink({ target: () => ({ host: '127.0.0.1', port }) });
  onTestFinished(async () => {
    await link.close();
    server.close();
  });
  return {
    link,
    async dial() {
      const socket = connect(link.port, '127.0.0.1');
      let heard = '';
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
      return { socket, heard: () => heard };
    },
  };
}

test('moves bytes both ways, and ends with its ends', async () => {
  const { dial } = await echo();
  const { socket, heard } = await dial();
  socket.end('hello');
  await once(socket, 'close');
  expect(heard()).toBe('hello');
});

test('megabytes pass whole', async () => {
  const { dial, link } = await echo();
  link.delay(5);
  const { socket, heard } = await dial();
  const text = 'x'.repeat(8 * 1024 * 1024);
  socket.end(text);
  await once(socket, 'close');
  expect(heard().length).toBe(text.length);
});

test('cut: connections are reset, new ones too, until it heals', async () => {
  const { link, dial } = await echo();
  const { socket } = await dial();
  link.cut();
  await eventually(() => expect(socket.destroyed).toBe(true));
  const { socket: refused } = await dial();
  await eventually(() => expect(refused.destroyed).toBe(true));
  link.heal();
  const { socket: again, heard } = await dial();
  again.write('here');
  await eventually(() => expect(heard()).toBe('here'));
});

test('frozen: nothing moves and nothing is lost', async () => {
  const { link, dial } = await echo();
  const { socket, heard } = await dial();
  socket.write('a');
  await eventually(() => expect(heard()).toBe('a'));
  link.freeze();
  socket.write('b');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard()).toBe('a');
  link.thaw();
  await eventually(() => expect(heard()).toBe('ab'));
});

test('delayed: all arrives later, in order', async () => {
  const { link, dial } = await echo();
  const { socket, heard } = await dial();
  link.delay(40);
  const sentAt = performance.now();
  for (const letter of 'abcdef') socket.write(letter);
  await eventually(() => expect(heard()).toBe('abcdef'));
  expect(performance.now() - sentAt).toBeGreaterThan(75);
});
