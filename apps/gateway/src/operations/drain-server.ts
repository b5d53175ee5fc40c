import type { FastifyInstance } from 'fastify';
import type { Clock } from '@stampede/lifecycle';

export interface Draining {
  /** From the moment that `drain` was called. */
  readonly stopping: boolean;
  drain(options: { readonly afterMs: number; readonly clock: Clock }): Promise<void>;
}

const SWEEP_MS = 20;

/**
 * Stops a server without failing a call. For `afterMs` milliseconds (where anybody is connected) it goes on, with `Connection: close` on each
 * answer, so that clients leave by themselves; then it takes no more connections, streams end, and what is in flight is finished.
 * To be called before routes are added.
 */
export function createDraining(fastify: FastifyInstance): Draining {
  let stopping = false;
  let inFlight = 0;

  fastify.addHook('onRequest', (_, reply, next) => {
    inFlight++;
    reply.raw.on('close', () => {
      inFlight--;
    });
    next();
  });
  fastify.addHook('onSend', (_, reply, payload, next) => {
    if (stopping) void reply.header('connection', 'close');
    next(null, payload);
  });

  return {
    get stopping() {
      return stopping;
    },
    async drain({ afterMs, clock }) {
      stopping = true;
      if (await hasConnections(fastify)) await clock.sleep(afterMs);
      // Node closes idle connections, but waits for those that have not sent a request yet.
      const sweep = setInterval(() => {
        if (inFlight === 0 && !fastify.server.listening) fastify.server.closeAllConnections();
      }, SWEEP_MS);
      await fastify.close().finally(() => clearInterval(sweep));
    },
  };
}

function hasConnections({ server }: FastifyInstance): Promise<boolean> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null && count > 0));
  });
}
