import { sendMessage } from './answer/send-message.ts';
import { goneSignal } from './request/gone-signal.ts';
import { callOptions, type Exchange, type Serving } from './serving.ts';

/** Makes a unary call of a request and answers what it came to. A client that goes away cancels it. */
export async function answerUnary(exchange: Exchange, { deadlineMs, forward, send }: Serving) {
  const { route, segments, call, request } = exchange;
  const message = route.bind({ segments, query: call.query, body: request.body });
  const changes = route.hooks.request?.(message, request);
  const terms = { limitMs: deadlineMs(), changes, signal: goneSignal(request.raw), streamed: false };
  const response = await route.channel.unary(
    route.shape,
    route.method.requestType.encode(message).finish(),
    callOptions(exchange, terms, forward),
  );
  return sendMessage(exchange, response, send);
}
