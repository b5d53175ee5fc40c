import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

const ofSockets = new WeakMap<Socket, AbortSignal>();

/**
 * Aborted when the client goes away before its answer. Clients leave by their connection, so all its requests have one signal: a controller and a
 * listener for each request would cost more than the call's other options together. Over HTTP/2 they leave one request at a time.
 */
export function goneSignal({ raw }: FastifyRequest, reply: FastifyReply): AbortSignal {
  if (raw.httpVersionMajor >= 2) return abortedBy(reply.raw);
  const { socket }: IncomingMessage = raw;
  let signal = ofSockets.get(socket);
  if (signal === undefined) {
    signal = socket.destroyed ? AbortSignal.abort() : abortedBy(socket);
    ofSockets.set(socket, signal);
  }
  return signal;
}

function abortedBy(closing: { once(event: 'close', listener: () => void): unknown }): AbortSignal {
  const gone = new AbortController();
  closing.once('close', () => gone.abort());
  return gone.signal;
}
