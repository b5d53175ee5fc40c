import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface AdminServerOptions {
  readonly host: string;
  /** A free one if absent. */
  readonly port?: number;
  readonly metrics: Metrics;
  /** Whether this process may be sent calls. */
  readonly ready: () => boolean;
  readonly log: Logger;
}

export interface AdminServer {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

/** What Prometheus, probes and a few people need. */
const MAX_CONNECTIONS = 100;
/** Ms for which nothing may move on a connection. */
const IDLE_MS = 30_000;
const LIMITS = {
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 20_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
} as const;

/** The page for operators beside a service's gRPC port: `/metrics`, `/livez`, `/readyz`, over plain HTTP. */
export async function startAdminServer({
  host,
  port = 0,
  metrics,
  ready,
  log,
}: AdminServerOptions): Promise<AdminServer> {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'method not allowed\n', { allow: 'GET, HEAD' });
      return;
    }
    switch (request.url?.split('?')[0]) {
      case '/livez':
        send(response, 200, 'ok\n');
        break;
      case '/readyz':
        send(response, ready() ? 200 : 503, ready() ? 'ok\n' : 'not ready\n');
        break;
      case '/metrics': {
        const { contentType, body } = await metrics.render();
        send(response, 200, body, { 'content-type': contentType });
        break;
      }
      default:
        send(response, 404, 'not found\n');
    }
  }

  const server = createServer(LIMITS, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error, path: request.url }, 'admin request failed');
      response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  // A page that is not read is not kept.
  server.setTimeout(IDLE_MS);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(body);
}
