import { once } from 'node:events';
import { createServer } from 'node:net';
import { AppError } from '@stampede/errors';
import { systemClock } from '@stampede/lifecycle';

const PAUSE_MS = 50;

/** Throws FAILED_PRECONDITION/PORT_IN_USE when somebody listens on the port for longer than `patienceMs`; 0 is always free. */
export async function assertFreePort(host: string, port: number, patienceMs: number): Promise<void> {
  const giveUpAt = systemClock.monotonic() + patienceMs;
  for (;;) {
    const server = createServer().listen(port, host);
    try {
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      return;
    } catch (cause) {
      if (systemClock.monotonic() < giveUpAt) {
        await systemClock.sleep(PAUSE_MS);
        continue;
      }
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      throw new AppError(
        'FAILED_PRECONDITION',
        'PORT_IN_USE',
        `PORT ${port} of ${host} cannot be had (${code}); set PORT to another`,
        { cause },
      );
    }
  }
}
