import net, { type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Instance } from '../index.ts';
import { startEcho, type EchoHandlers } from './setup.ts';

export interface Fragile {
  readonly instance: Instance;
  /** Hangs up on everybody. */
  cut(): void;
  /** Passes nothing on any more, in either direction, and hangs up on nobody. */
  freeze(): void;
  /** Hangs up, and lets nobody in again. */
  close(): void;
}

/** An echo server behind a wire that the test may break, whatever the transport. */
export async function startFragile(handlers: Partial<EchoHandlers>): Promise<Fragile> {
  const { instance } = await startEcho(handlers);
  const [host = '', port] = instance.address.split(':');
  const sockets = new Set<net.Socket>();
  const wire = net.createServer((near) => {
    const far = net.connect(Number(port), host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () => {
    wire.close();
    cut();
  };
  onTestFinished(close);
  return {
    instance: { ...instance, address: `127.0.0.1:${(wire.address() as AddressInfo).port}` },
    cut,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close,
  };
}
