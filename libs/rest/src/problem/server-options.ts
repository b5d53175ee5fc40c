import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyServerOptions } from 'fastify';
import { WholeMessage } from '../request/whole-message.ts';
import { HttpError } from './http-error.ts';
import { problemOf } from './problem.ts';

const SETTINGS = { reasonStatus: new Map<string, number>() };

/**
 * Options for `Fastify()` that no plugin can set: limits against slow and huge requests, and problem+json for what fails before any
 * route is looked for (a path that is not valid percent-encoding, headers too large, bytes that are not HTTP).
 *
 * @example const app = Fastify({ ...restServerOptions, loggerInstance: log });
 */
export const restServerOptions = {
  /** A request must have arrived whole within this time, in milliseconds. */
  requestTimeout: 30_000,
  keepAliveTimeout: 72_000,
  /** A connection on which nothing moves for so long is closed: it has a client that does not read its answer, since streams have heartbeats. */
  connectionTimeout: 75_000,
  http: {
    maxHeaderSize: 16_384,
    headersTimeout: 15_000,
    /** How often the two times above are looked at; Node's 30 s would double them. */
    connectionsCheckingInterval: 5_000,
    /** The plugin refuses a request without one, in words of its own. */
    requireHostHeader: false,
    IncomingMessage: WholeMessage,
    /** A request without a body is no stream that has to flow, end and close. */
    optimizeEmptyRequests: true,
  },
  frameworkErrors(error, request, reply) {
    const path = request.raw.url?.split('?')[0] ?? '';
    const requestId = randomUUID();
    const bad = new HttpError({
      status: 400,
      code: 'INVALID_ARGUMENT',
      reason: 'BAD_URL',
      detail: 'the path is not valid percent-encoding',
    });
    const { problem } = problemOf(error.code === 'FST_ERR_BAD_URL' ? bad : error, { path, requestId }, SETTINGS);
    // Its type follows from route generics that such a reply has none of.
    void (reply as unknown as FastifyReply)
      .code(problem.status)
      .header('x-request-id', requestId)
      .header('content-type', 'application/problem+json')
      .send(Buffer.from(JSON.stringify(problem)));
  },
  clientErrorHandler(error, socket) {
    refuseRawly(error, socket);
  },
} satisfies FastifyServerOptions & { http: object };

/** What Node's HTTP parser refused has no request and no reply, only a socket. */
function refuseRawly(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'HEADERS_TOO_LARGE']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'REQUEST_TIMEOUT']
        : [400, 'BAD_REQUEST'];
  const title = STATUS_CODES[status] ?? '';
  const failure = new HttpError({ status, code: 'INVALID_ARGUMENT', reason, detail: title });
  const { problem } = problemOf(failure, { path: '', requestId: randomUUID() }, SETTINGS);
  const body = JSON.stringify(problem);
  const head = `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroySoon());
}
