import type { FastifyReply } from 'fastify';
import type { Message } from '../json/message-codec.ts';
import type { Exchange } from '../serving.ts';
import { mediaTypeOf } from './media-type.ts';
import type { SendAnswer } from './representation.ts';

/** Answers one message: as JSON, or as the file that it is. */
export function sendMessage(
  { route, request, reply }: Exchange,
  response: Message,
  send: SendAnswer,
): FastifyReply | Promise<FastifyReply> {
  const changes = route.hooks.response?.(response, request);
  if (changes?.headers !== undefined) void reply.headers(changes.headers);
  const status = changes?.status ?? 200;
  if (route.content === undefined)
    return send(request, reply, {
      status,
      contentType: 'application/json; charset=utf-8',
      body: route.write(response),
    });
  const { content_type, data } = route.content(response);
  // A browser takes it for what the service says, and for nothing else.
  void reply.header('x-content-type-options', 'nosniff');
  return send(request, reply, {
    status,
    contentType: mediaTypeOf(content_type),
    body: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  });
}
