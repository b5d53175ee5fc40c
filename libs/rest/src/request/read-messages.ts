import type { IncomingMessage } from 'node:http';
import { bodyTooLarge, HttpError, invalidRequest } from '../problem/http-error.ts';
import type { Route } from '../route.ts';
import { parseBody, refuseEncoded, refuseOtherThan } from './read-body.ts';

const LINES = /^application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|json)$/i;
const NEWLINE = 0x0a;
const BLANK = /^[ \t\r]*$/;

/** Where the messages of a stream of requests come from. */
export interface MessageSource {
  readonly route: Route;
  readonly segments: readonly string[];
  readonly query: string;
  readonly raw: IncomingMessage;
  /** Bytes of one message. */
  readonly limit: number;
}

/**
 * The encoded messages of a stream of requests, each made when the one before was taken: newline-delimited JSON, or any bytes in pieces as they
 * arrive where the body is a google.api.HttpBody. Path and query are in every message, as if each line had been sent by itself. Throws what a
 * single body would, with the line's place (`[3].quantity`).
 */
export async function* readMessages({ route, segments, query, raw, limit }: MessageSource): AsyncGenerator<Uint8Array> {
  const { headers } = raw;
  const encode = (body: unknown) => route.method.requestType.encode(route.bind({ segments, query, body })).finish();
  refuseEncoded(headers);
  // The connection outlives its body, so that it can be answered.
  const chunks = raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  if (route.takesContent) {
    const type = headers['content-type'] ?? '';
    for await (const data of chunks) yield encode({ content_type: type, data });
    return;
  }
  let place = 0;
  for await (const line of linesOf(chunks, limit)) {
    // No line says nothing of its type either.
    if (place === 0) refuseOtherThan(LINES, headers, 'application/x-ndjson');
    yield placed(place, () => encode(parseBody(line)));
    place += 1;
  }
}

/** Lines that hold something, the last with or without its end. */
async function* linesOf(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = () => {
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    [parts, length] = [[], 0];
    return line;
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline === -1 ? chunk.length : newline;
      parts.push(chunk.subarray(at, end));
      length += end - at;
      if (length > limit) throw bodyTooLarge(`a line is longer than ${limit} bytes`);
      at = end + 1;
      if (newline === -1) break;
      const line = take();
      if (!isBlank(line)) yield line;
    }
  }
  const last = take();
  if (!isBlank(last)) yield last;
}

function isBlank(line: Buffer): boolean {
  return line.length < 64 && BLANK.test(line.toString('latin1'));
}

/** What is wrong with a message, with its place among the others. */
function placed<T>(place: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HttpError) || error.error.violations.length === 0) throw error;
    const violations = error.error.violations.map(({ field, description }) => ({
      field: `[${place}]${field === 'body' ? '' : `.${field}`}`,
      description,
    }));
    throw invalidRequest(violations, error.error.reason);
  }
}
