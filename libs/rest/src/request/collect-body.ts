import type { Readable } from 'node:stream';
import { bodyCutShort, bodyTooLarge } from '../problem/http-error.ts';
import { WholeMessage } from './whole-message.ts';

export interface CollectOptions {
  /** Bytes by `Content-Length`; NaN where it is not known before the end. */
  readonly length: number;
  /** Bytes that are taken at most. */
  readonly limit: number;
}

/** Called once, with one of the two. */
export type CollectedBody = (failure: Error | null, body?: Buffer) => void;

const EMPTY = Buffer.alloc(0);

/**
 * The bytes of a body. Answers as soon as as many have come as were announced, which mostly is with the first chunk and at once: the stream's
 * end comes a turn later and by three more listeners. What comes after a failure flows off unread.
 */
export function collectBody(payload: Readable, { length, limit }: CollectOptions, done: CollectedBody): void {
  const chunks: Buffer[] = [];
  let received = 0;
  let over = false;

  function finish(failure: Error | null, body?: Buffer): void {
    if (over) return;
    over = true;
    done(failure, body);
  }

  if (length > limit) return finish(bodyTooLarge(`the body is larger than ${limit} bytes`));
  if (length === 0) return finish(null, EMPTY);
  // Whoever sent it has gone.
  payload.on('error', () => finish(bodyCutShort()));
  if (payload instanceof WholeMessage && length > 0)
    payload.want({ length, take: (body) => finish(null, body), collect });
  else collect();

  function collect(): void {
    payload.on('data', (chunk: Buffer) => {
      if (over) return;
      received += chunk.length;
      if (received > limit) return finish(bodyTooLarge(`the body is larger than ${limit} bytes`));
      if (chunk.length === length) return finish(null, chunk);
      chunks.push(chunk);
      if (received === length) finish(null, Buffer.concat(chunks, received));
    });
    payload.on('end', () => {
      if (over) return;
      if (received < length) finish(bodyCutShort());
      else finish(null, Buffer.concat(chunks, received));
    });
  }
}
