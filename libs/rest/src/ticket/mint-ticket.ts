import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RestOptions } from '../options.ts';
import { invalidRequest } from '../problem/http-error.ts';
import type { Route } from '../route.ts';
import type { Router } from '../routing/router.ts';
import { splitUrl } from '../routing/split-url.ts';
import type { Tickets } from './tickets.ts';

export interface MintOptions {
  readonly tickets: Tickets;
  readonly router: Router<Route>;
  readonly options: Pick<RestOptions, 'admit' | 'authenticate'>;
  readonly urlLimit: number;
  readonly begin: (request: FastifyRequest, reply: FastifyReply) => void;
}

/** `POST` of `{"path": "/v1/orders/1:watch"}` with a bearer token: a ticket with which an EventSource can open that stream. */
export function addTicketRoute(
  fastify: FastifyInstance,
  { tickets, router, options, urlLimit, begin }: MintOptions,
): void {
  fastify.post(
    tickets.path,
    {
      bodyLimit: urlLimit + 100,
      onRequest(request, reply, next) {
        begin(request, reply);
        next();
      },
    },
    async (request, reply) => {
      const target = readTarget(request.body, urlLimit);
      const { path, query } = splitUrl(target, fastify.prefix);
      const match = router.match('GET', path);
      if (match.kind !== 'found' || !match.route.method.responseStream) throw bad('is no stream that GET opens');
      if (tickets.find(query) !== undefined) throw bad('has a ticket already');
      const { method } = match.route;
      options.admit?.(request, reply, { ...method, responseStream: false }, (run) => request.rest?.leaving.push(run));
      const user = await options.authenticate?.(request, method);
      if (user === undefined) throw bad('needs no ticket');
      const ticket = await tickets.issue(targetOf(path, query), user);
      const url = `${target}${target.includes('?') ? '&' : '?'}${tickets.parameter}=${ticket}`;
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(JSON.stringify({ ticket, url, expiresIn: Math.floor(tickets.ttlMs / 1000) }));
    },
  );
}

/** What a ticket is bound to. */
export function targetOf(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

function readTarget(body: unknown, limit: number): string {
  const target = typeof body === 'object' && body !== null && 'path' in body ? body.path : undefined;
  if (typeof target !== 'string') throw bad('must be a string');
  if (!/^\/[!-~]*$/.test(target) || target.includes('#')) throw bad('must be a path as it stands in a URL');
  if (target.length > limit / 2) throw bad(`must be shorter than ${Math.floor(limit / 2)} bytes`);
  return target;
}

function bad(description: string): Error {
  return invalidRequest([{ field: 'path', description }]);
}
