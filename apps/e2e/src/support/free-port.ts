import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what kernels give to outgoing connections (Linux from 32768, others from 49152): nobody gets it by chance while its program is down. */
const RANGE = [15_000, 32_000] as const;
const given = new Set<number>();

/** A port for a program that keeps it over restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...RANGE);
    if (given.has(port)) continue;
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // taken: another
    }
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
}
