import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream, ServerOptions } from 'node:http2';
import type grpc from '@grpc/grpc-js';
import type { ServerLimits } from './limits.ts';

/**
 * The HTTP/2 server inside a grpc-js server, which has no public door: Node's bounds on connections and resets, and the streams that no
 * handler has seen yet, are out of reach of grpc-js's options. All that is taken from within are these two fields; where a new grpc-js has
 * them no more, a server does not start, rather than serve without its bounds.
 */
function within(server: grpc.Server, field: 'commonServerOptions' | 'http2Servers'): unknown {
  const value: unknown = Reflect.get(server, field);
  if (typeof value !== 'object' || value === null) throw new Error(`this version of grpc-js has no ${field}`);
  return value;
}

/** To be called before the server listens. */
export function setHttp2Options(server: grpc.Server, limits: ServerLimits): void {
  const options = within(server, 'commonServerOptions') as ServerOptions;
  Object.assign(options, {
    settings: {
      ...options.settings,
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.maxHeaderBytes,
    },
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
    // Calls that Node refuses in a row until it closes the connection, since those that were reset are counted for a turn of the event loop yet.
    maxSessionRejectedStreams: limits.resetBurst,
  });
}

export type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** The HTTP/2 servers of a server that listens. */
export function http2ServersOf(server: grpc.Server): Http2Server[] {
  const servers = within(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0)
    throw new Error('this version of grpc-js hides its HTTP/2 servers');
  return [...(servers as Map<Http2Server, unknown>).keys()];
}

/** Puts `around` between an HTTP/2 server and what listens to its streams. */
export function wrapStreams(
  server: Http2Server,
  around: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, serve: () => void) => void,
): void {
  const listeners = server.listeners('stream') as StreamListener[];
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers, flags) => {
    around(stream, headers, () => {
      for (const listener of listeners) listener.call(server, stream, headers, flags);
    });
  });
}
