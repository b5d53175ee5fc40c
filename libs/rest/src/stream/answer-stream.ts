import { Readable } from 'node:stream';
import { AppError } from '@stampede/errors';
import type { FastifyReply } from 'fastify';
import type { Message } from '../json/message-codec.ts';
import { problemOf } from '../problem/problem.ts';
import { logProblem } from '../problem/send-problem.ts';
import { problemContext } from '../rest-call.ts';
import { callOptions, type Exchange, type Serving } from '../serving.ts';
import { sendContentStream } from './content-stream.ts';
import { streamFormatFor } from './frames.ts';
import { requestsOf, type Requests } from './requests-of.ts';
import { openStream, writeStream } from './write-stream.ts';

/** How long a stream may be silent before its headers go out without a first message, in milliseconds. */
const PATIENCE_MS = 1000;
/** A deadline is met a little before its time, since it travels in whole milliseconds. */
const SLACK_MS = 250;
/** The reason with which servers of @stampede/rpc end streams that got old, or when they stop: to be opened anew elsewhere. */
const DRAINED = 'STREAM_DRAINED';

/** Makes a call with a stream of responses of a request and answers them one by one. A client that goes away cancels it. */
export async function answerStream(exchange: Exchange, serving: Serving): Promise<FastifyReply> {
  const { route, call, request, reply } = exchange;
  const { heartbeatMs, closing, settings } = serving;
  const format = streamFormatFor(request.headers.accept);
  const headers = {
    'content-type': format.contentType,
    'cache-control': 'no-store',
    // Asks nginx and its like not to collect frames.
    'x-accel-buffering': 'no',
  };
  const open = openCall(exchange, serving);
  if (request.method === 'HEAD') return reply.headers(route.content === undefined ? headers : {}).send();
  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort();
    // Its headers could not say yet that the connection will not be kept.
    if (closing.aborted) request.raw.socket.destroySoon();
  });
  const signal = AbortSignal.any([gone.signal, closing]);
  const opening = performance.now();
  const { source, requests, deadlineMs, ours } = open(signal);
  if (route.content !== undefined) return sendContentStream(exchange, route.content, source);
  const opened = await openStream(source, PATIENCE_MS).catch((error: unknown) => {
    throw requests?.failure ?? error;
  });
  const frames = writeStream(opened, {
    format,
    heartbeatMs,
    signal,
    write: (response) => route.write(response),
    isLimit(thrown) {
      const { code, reason } = AppError.from(thrown);
      const late = ours && performance.now() - opening >= deadlineMs - SLACK_MS;
      return (code === 'DEADLINE_EXCEEDED' && late) || reason === DRAINED;
    },
    problemOf(thrown) {
      const context = problemContext(call);
      const answer = problemOf(requests?.failure ?? thrown, context, settings);
      logProblem(request.log, answer, context);
      return answer.problem;
    },
  });
  return reply.headers(headers).send(Readable.from(frames, { objectMode: false }));
}

interface OpenedCall {
  readonly source: AsyncIterable<Message>;
  readonly requests: Requests | undefined;
  readonly deadlineMs: number;
  /** Whether the deadline is the server's own and not one that the client asked for, who is told when it is over. */
  readonly ours: boolean;
}

/** Reads the request, as far as there is one to read beforehand, and answers how to make the call. */
function openCall(exchange: Exchange, serving: Serving): (signal: AbortSignal) => OpenedCall {
  const { route, segments, call, request } = exchange;
  const { channel, shape } = route;
  const terms = { limitMs: serving.streamLimitMs, changes: undefined, streamed: true };
  if (route.method.requestStream) {
    return (signal) => {
      const broken = new AbortController();
      const all = AbortSignal.any([signal, broken.signal]);
      const options = callOptions(exchange, { ...terms, signal: all }, serving.forward);
      const requests = requestsOf(exchange, serving.bodyLimit, () => broken.abort());
      const { deadlineMs } = options;
      const source = channel.bidi(shape, requests.messages, options);
      return { source, requests, deadlineMs, ours: deadlineMs === terms.limitMs };
    };
  }
  const message = route.bind({ segments, query: call.query, body: request.body });
  const changes = route.hooks.request?.(message, request);
  return (signal) => {
    const options = callOptions(exchange, { ...terms, changes, signal }, serving.forward);
    const { deadlineMs } = options;
    const source = channel.serverStream(shape, route.method.requestType.encode(message).finish(), options);
    return { source, requests: undefined, deadlineMs, ours: deadlineMs === (changes?.deadlineMs ?? terms.limitMs) };
  };
}
