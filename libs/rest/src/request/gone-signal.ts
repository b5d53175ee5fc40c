import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { onAbort } from '@stampede/rpc';

const ofSockets = new WeakMap<Socket, AbortSignal>();

/**
 * Aborted when the client goes away before its answer. Clients leave by their connection, so all its requests have one signal: a controller and a
 * listener for each request would cost more than the call's other options together. Over HTTP/2 they leave one request at a time, and what Node
 * calls the socket of a request is its stream.
 */
export function goneSignal({ socket }: Pick<IncomingMessage, 'socket'>): AbortSignal {
  let signal = ofSockets.get(socket);
  if (signal === undefined) {
    signal = socket.destroyed ? AbortSignal.abort() : abortedBy(socket);
    ofSockets.set(socket, signal);
    // Somebody waits for it always, so that its listener need not come and go with each call.
    onAbort(signal, () => undefined);
  }
  return signal;
}

function abortedBy(socket: Socket): AbortSignal {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return gone.signal;
}
