import type { FastifyInstance } from 'fastify';

export interface CorsSettings {
  /** Origins whose pages may call the API, as browsers name them (`https://shop.example`), or `*` for all; none if empty. */
  readonly origins: readonly string[];
  /** Seconds for which a browser may remember what it was told. */
  readonly maxAgeSeconds: number;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** What pages may send, beyond what they may anyway. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'grpc-timeout',
  'idempotency-key',
  'if-none-match',
  'prefer',
  'traceparent',
  'tracestate',
  'x-request-id',
].join(', ');
/** What pages may see, beyond what they may anyway. */
const RESPONSE_HEADERS = [
  'etag',
  'location',
  'preference-applied',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ');

/**
 * Lets pages of other origins call the API (CORS). Never with credentials: the API knows no cookies, and a token is sent by the page itself.
 * Answers what is asked beforehand (the preflight) without going any further. To be called before routes are added.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function addCors(fastify: FastifyInstance, settings: () => CorsSettings): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    const { origins, maxAgeSeconds } = settings();
    if (origins.length === 0) return next();
    const open = origins.includes('*');
    // Whoever keeps answers must keep them apart by origin, those without one too.
    if (!open) void reply.header('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !(open || origins.includes(origin))) return next();
    void reply.header('access-control-allow-origin', open ? '*' : origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      void reply.header('access-control-expose-headers', RESPONSE_HEADERS);
      return next();
    }
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': String(maxAgeSeconds),
      })
      .send();
  });
}
