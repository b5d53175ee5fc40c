import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { mediaTypeOf } from '../answer/media-type.ts';
import type { HttpContent } from '../contracts/http-body.ts';
import type { Exchange } from '../serving.ts';

/**
 * Answers a stream of google.api.HttpBody: the bytes of all messages one after the other, of the media type that the first one names. Nothing
 * goes out before the first, so what fails until then is an HTTP status; what fails later can only be told by a body that breaks off.
 */
export async function sendContentStream(
  { reply }: Exchange,
  contentOf: (response: unknown) => HttpContent,
  source: AsyncIterable<unknown>,
): Promise<FastifyReply> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? undefined : contentOf(first.value);

  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      if (head === undefined) return;
      yield head.data;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield contentOf(next.value).data;
      }
    } finally {
      // Not awaited: it may be waiting for a message that never comes; the call's signal ends it.
      void iterator.return?.().catch(() => undefined);
    }
  }

  return reply
    .headers({
      'content-type': mediaTypeOf(head?.content_type ?? ''),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .send(Readable.from(nonEmpty(bytes()), { objectMode: false }));
}

/** An empty piece would end a body before its time. */
async function* nonEmpty(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) if (piece.length > 0) yield piece;
}
