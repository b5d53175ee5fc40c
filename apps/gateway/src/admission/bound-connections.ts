import type { Socket } from 'node:net';
import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface ConnectionLimits {
  /** Open connections at once. */
  readonly connections: number;
  /** Requests at once on one connection. */
  readonly pipelined: number;
}

export interface BoundConnectionsOptions {
  readonly limits: () => ConnectionLimits;
  readonly clock: Clock;
}

/**
 * Takes a request for which the answer must have been read within `ms` milliseconds: after that its connection is closed. The function that is
 * returned is to be called once, when the answer has gone out or its client has gone.
 */
export type TakeRequest = (request: Pick<FastifyRequest, 'socket'>, ms: number) => () => void;

/**
 * Bounds what one client can hold by its connections: their number, the requests that it sends on one before it has read the answers (each
 * would take a place from everybody else), and the time that it lets an answer lie.
 */
export function boundConnections({ server }: FastifyInstance, { limits, clock }: BoundConnectionsOptions): TakeRequest {
  const onConnection = new WeakMap<Socket, number>();
  server.maxConnections = limits().connections;
  // Counts from the next connection on where the setting has changed.
  server.on('connection', () => (server.maxConnections = limits().connections));

  return ({ socket }, ms) => {
    const before = onConnection.get(socket) ?? 0;
    if (before >= limits().pipelined) {
      throw new AppError('RESOURCE_EXHAUSTED', 'TOO_MANY_PIPELINED', 'too many requests at once on one connection');
    }
    onConnection.set(socket, before + 1);
    const giveUp = clock.schedule(ms, () => socket.destroy());
    return () => {
      giveUp();
      onConnection.set(socket, (onConnection.get(socket) ?? 1) - 1);
    };
  };
}
