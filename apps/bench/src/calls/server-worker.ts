import { serveTasks } from '../process/serve-tasks.ts';
import { createReserveHandler } from './reserve-handler.ts';
import type { RpcTransport } from './transport.ts';

/** The server's side of one transport, as a process of its own. */
serveTasks({
  async serve({ module, secret }: { module: string; secret: string }): Promise<string> {
    const { transport } = (await import(module)) as { transport: RpcTransport };
    return transport.serve(createReserveHandler(), secret);
  },
});
