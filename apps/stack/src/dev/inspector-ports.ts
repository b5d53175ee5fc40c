import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 9230;
const LAST = 65_535;

/** A free port of loopback for each name, from 9230 up (9229 is whoever runs Node by hand): the same for as long as the stack runs, so that a debugger finds a restarted process again. */
export async function inspectorPorts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  let port = FIRST;
  for (const name of names) {
    while (port < LAST && !(await isFree(port))) port += 1;
    ports.set(name, port);
    port += 1;
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
