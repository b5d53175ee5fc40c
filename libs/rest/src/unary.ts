import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RestCall } from './rest-call.ts';
import type { Route } from './route.ts';

/** Makes a unary call of a request and answers what it came to. A client that goes away cancels it. */
export async function answerUnary(
  route: Route,
  segments: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
  deadlineMs: number,
): Promise<FastifyReply> {
  const { query, requestId, trace, user } = request.rest as RestCall;
  const message = route.bind({ segments, query, body: request.body });
  const changes = route.hooks.request?.(message, request);
  const gone = new AbortController();
  const onClose = () => gone.abort();
  reply.raw.once('close', onClose);
  const response = await route.channel.unary(route.shape, route.method.requestType.encode(message).finish(), {
    deadlineMs: changes?.deadlineMs ?? deadlineMs,
    requestId,
    trace,
    signal: gone.signal,
    ...(user === undefined ? {} : { user }),
  });
  reply.raw.off('close', onClose);
  const answer = route.hooks.response?.(response, request);
  if (answer?.headers !== undefined) void reply.headers(answer.headers);
  return reply
    .code(answer?.status ?? 200)
    .type('application/json; charset=utf-8')
    .send(route.write(response));
}
