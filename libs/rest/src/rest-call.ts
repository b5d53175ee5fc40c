import { newTrace, parseTraceparent, type TraceContext } from '@stampede/telemetry';
import type { User } from '@stampede/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemContext } from './problem/send-problem.ts';
import { requestIdOf } from './request/request-id.ts';
import type { Route } from './route.ts';
import { splitUrl } from './routing/split-url.ts';

/** A request on its way: what is known of it grows as it is matched, admitted and authenticated. */
export interface RestCall {
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly path: string;
  /** Without what was in it for the door alone. */
  query: string;
  target: { readonly route: Route; readonly segments: readonly string[] } | undefined;
  user: User | undefined;
  /** Run when the answer has gone out or its client has gone. */
  readonly leaving: (() => void)[];
}

declare module 'fastify' {
  interface FastifyRequest {
    rest: RestCall | null;
  }
}

/** What can be told of a request from its headers and URL; from here on its answer has a request id. */
export function beginCall(request: FastifyRequest, reply: FastifyReply, prefix: string): RestCall {
  const { headers } = request;
  const { path, query } = splitUrl(request.raw.url ?? '/', prefix);
  const call: RestCall = {
    requestId: requestIdOf(headers['x-request-id']),
    trace: parseTraceparent(single(headers['traceparent']), single(headers['tracestate'])) ?? newTrace(),
    path,
    query,
    target: undefined,
    user: undefined,
    leaving: [],
  };
  request.rest = call;
  void reply.header('x-request-id', call.requestId);
  return call;
}

/** What a problem of this request says, and its log line. */
export function problemContext({ path, requestId, trace, target }: RestCall): ProblemContext {
  return { path, requestId, facts: { traceId: trace.traceId, method: target?.route.method.fullName } };
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
