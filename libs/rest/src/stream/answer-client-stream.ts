import type { FastifyReply } from 'fastify';
import { sendMessage } from '../answer/send-message.ts';
import { callOptions, type Exchange, type Serving } from '../serving.ts';
import { requestsOf } from './requests-of.ts';

/** Makes a client-streaming call of a request body as it arrives, and answers what it came to. */
export async function answerClientStream(exchange: Exchange, serving: Serving): Promise<FastifyReply> {
  const { route, reply } = exchange;
  const gone = new AbortController();
  const onClose = () => gone.abort();
  reply.raw.once('close', onClose);
  const requests = requestsOf(exchange, serving.bodyLimit, () => gone.abort());
  const terms = { limitMs: serving.streamLimitMs, changes: undefined, signal: gone.signal, streamed: false };
  try {
    const options = callOptions(exchange, terms, serving.forward);
    const response = await route.channel.clientStream(route.shape, requests.messages, options);
    reply.raw.off('close', onClose);
    return await sendMessage(exchange, response, serving.send);
  } catch (error) {
    throw requests.failure ?? error;
  }
}
