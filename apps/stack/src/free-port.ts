import { once } from 'node:events';
import { createServer } from 'node:net';
import { AppError } from '@stampede/errors';

/** Throws FAILED_PRECONDITION/PORT_IN_USE while somebody listens on the port; 0 is always free. */
export async function assertFreePort(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new AppError(
      'FAILED_PRECONDITION',
      'PORT_IN_USE',
      `PORT ${port} of ${host} cannot be had (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}); set PORT to another`,
      { cause },
    );
  }
  server.close();
  await once(server, 'close');
}
