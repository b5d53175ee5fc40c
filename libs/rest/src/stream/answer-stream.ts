import { Readable } from 'node:stream';
import { AppError } from '@stampede/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf, type ProblemSettings } from '../problem/problem.ts';
import { logProblem } from '../problem/send-problem.ts';
import { problemContext, type RestCall } from '../rest-call.ts';
import type { Route } from '../route.ts';
import { streamFormatFor } from './frames.ts';
import { openStream, writeStream } from './write-stream.ts';

export interface StreamingOptions {
  readonly limitMs: number;
  readonly heartbeatMs: number;
  /** Aborted when this process stops. */
  readonly closing: AbortSignal;
  readonly settings: ProblemSettings;
}

/** How long a stream may be silent before its headers go out without a first message, in milliseconds. */
const PATIENCE_MS = 1000;
/** A deadline is met a little before its time, since it travels in whole milliseconds. */
const SLACK_MS = 250;
/** The reason with which servers of @stampede/rpc end streams that got old, or when they stop: to be opened anew elsewhere. */
const DRAINED = 'STREAM_DRAINED';

/** Makes a server-streaming call of a request and answers its messages one by one. A client that goes away cancels it. */
export async function answerStream(
  route: Route,
  segments: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
  { limitMs, heartbeatMs, closing, settings }: StreamingOptions,
): Promise<FastifyReply> {
  const call = request.rest as RestCall;
  const { query, requestId, trace, user } = call;
  const format = streamFormatFor(request.headers.accept);
  const message = route.bind({ segments, query, body: request.body });
  const changes = route.hooks.request?.(message, request);
  const headers = {
    'content-type': format.contentType,
    'cache-control': 'no-store',
    // Asks nginx and its like not to collect frames.
    'x-accel-buffering': 'no',
  };
  if (request.method === 'HEAD') return reply.headers(headers).send();

  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort();
    // Its headers could not say yet that the connection will not be kept.
    if (closing.aborted) request.raw.socket.destroySoon();
  });
  const signal = AbortSignal.any([gone.signal, closing]);
  const deadlineMs = changes?.deadlineMs ?? limitMs;
  const opening = performance.now();
  const source = route.channel.serverStream(route.shape, route.method.requestType.encode(message).finish(), {
    deadlineMs,
    requestId,
    trace,
    signal,
    ...(user === undefined ? {} : { user }),
  });
  const opened = await openStream(source, PATIENCE_MS);
  const frames = writeStream(opened, {
    format,
    heartbeatMs,
    signal,
    write: (response) => route.write(response),
    isLimit(thrown) {
      const { code, reason } = AppError.from(thrown);
      const late = performance.now() - opening >= deadlineMs - SLACK_MS;
      return (code === 'DEADLINE_EXCEEDED' && late) || reason === DRAINED;
    },
    problemOf(thrown) {
      const context = problemContext(call);
      const answer = problemOf(thrown, context, settings);
      logProblem(request.log, answer, context);
      return answer.problem;
    },
  });
  return reply.headers(headers).send(Readable.from(frames, { objectMode: false }));
}
