import type { CallOptions } from '@stampede/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Forward } from './answer/forwarding.ts';
import type { SendAnswer } from './answer/representation.ts';
import type { CallChanges } from './options.ts';
import type { ProblemSettings } from './problem/problem.ts';
import { deadlineOf, patienceOf } from './request/patience.ts';
import type { RestCall } from './rest-call.ts';
import type { Route } from './route.ts';

/** What holds for all routes of one plugin. */
export interface Serving {
  readonly settings: ProblemSettings;
  /** Milliseconds of a unary call. */
  readonly deadlineMs: () => number;
  /** Milliseconds of a stream. */
  readonly streamLimitMs: number;
  readonly heartbeatMs: number;
  /** Bytes of one message. */
  readonly bodyLimit: number;
  /** Aborted when this process stops. */
  readonly closing: AbortSignal;
  readonly send: SendAnswer;
  readonly forward: Forward | undefined;
}

/** What a route is to do for one request. */
export interface Exchange {
  readonly route: Route;
  /** Raw, as the router answered them. */
  readonly segments: readonly string[];
  readonly call: RestCall;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface CallTerms {
  /** Milliseconds, where neither hook nor client say otherwise. */
  readonly limitMs: number;
  readonly changes: CallChanges | undefined;
  readonly signal: AbortSignal;
  readonly streamed: boolean;
}

/** The options of the call that a request becomes; says in the answer which of the client's wishes was granted. */
export function callOptions(
  { call, request, reply }: Exchange,
  { limitMs, changes, signal, streamed }: CallTerms,
  forward: Forward | undefined,
): CallOptions & { readonly deadlineMs: number } {
  const { requestId, trace, user } = call;
  let deadlineMs = changes?.deadlineMs ?? limitMs;
  const patience = patienceOf(request.headers);
  if (patience !== undefined) {
    const terms = deadlineOf(patience, deadlineMs, changes?.deadlineMs !== undefined);
    ({ deadlineMs } = terms);
    if (terms.applied !== undefined) void reply.header('preference-applied', terms.applied);
  }
  const options =
    user === undefined ? { deadlineMs, requestId, trace, signal } : { deadlineMs, requestId, trace, signal, user };
  return forward === undefined ? options : { ...forward(request, reply, streamed), ...options };
}
