import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chooseCoding, type Coding } from './accept-encoding.ts';

/** How answers are packed for those who accept it. */
export interface CompressionOptions {
  /** Bytes below which an answer is not worth it; 1,024 if absent. */
  readonly minBytes?: number;
  /** In the order of preference where the client has none; `br`, `gzip` if absent. */
  readonly codings?: readonly Coding[];
}

/** An answer that is ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  /** The body in other codings, where it is the same for everybody: filled as they are asked for. */
  readonly packed?: Map<Coding, Promise<Buffer>>;
}

export type SendAnswer = (
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
) => FastifyReply | Promise<FastifyReply>;

const TEXTUAL =
  /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml)\b|application\/(?:x-)?(?:javascript|ndjson)\b|image\/svg\+xml\b)/i;
const ENTITY_TAG = /(?:W\/)?("[!#-~\x80-\xff]*")/g;
const DEFAULT_MIN_BYTES = 1024;
const DEFAULT_CODINGS: readonly Coding[] = ['br', 'gzip'];

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);
const PACK: Readonly<Record<Coding, (body: Buffer) => Promise<Buffer>>> = {
  // The quality for what is packed once for each answer; the default of 11 is for what is packed once.
  br: (body) =>
    brotliAsync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  gzip: (body) => gzipAsync(body),
};

/** Sends answers as they are. */
export const sendPlain: SendAnswer = (_, reply, { status, contentType, body }) =>
  reply.code(status).type(contentType).send(body);

/**
 * Sends answers with what RFC 9110 has for those who ask again or pay for bytes: entity tags with `If-None-Match`, and content codings.
 * A tag is strong: it names the bytes, and those of each coding apart.
 */
export function createSendAnswer(etag: boolean, compression: CompressionOptions | undefined): SendAnswer {
  if (!etag && compression === undefined) return sendPlain;
  const { minBytes = DEFAULT_MIN_BYTES, codings = DEFAULT_CODINGS } = compression ?? {};

  return (request, reply, answer) => {
    const { status, contentType, body } = answer;
    const reads = request.method === 'GET' || request.method === 'HEAD';
    let coding: Coding | undefined;
    // What a command answers is kept by no cache, so where it is short there is nothing to choose and nothing to say.
    if (compression !== undefined && (reads || body.length >= minBytes) && TEXTUAL.test(contentType)) {
      addVary(reply, 'accept-encoding');
      const accepted = request.headers['accept-encoding'];
      const choice = chooseCoding(typeof accepted === 'string' ? accepted : undefined, codings);
      if (choice.needed || body.length >= minBytes) ({ coding } = choice);
    }
    if (etag && reads && status === 200 && isUnchanged(request, tagged(reply, body, coding)))
      return reply.code(304).send();
    return coding === undefined ? sendPlain(request, reply, answer) : sendPacked(reply, answer, coding);
  };
}

async function sendPacked(reply: FastifyReply, answer: Answer, coding: Coding): Promise<FastifyReply> {
  const { status, contentType, body, packed } = answer;
  const packing = packed?.get(coding) ?? PACK[coding](typeof body === 'string' ? Buffer.from(body) : body);
  packed?.set(coding, packing);
  const bytes = await packing;
  return reply.code(status).type(contentType).header('content-encoding', coding).send(bytes);
}

/** Gives the answer its tag, where a hook has not given it one; it is to be asked about each time that it is used again. */
function tagged(reply: FastifyReply, body: string | Buffer, coding: Coding | undefined): string {
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'private, no-cache');
  const given = reply.getHeader('etag');
  if (given !== undefined) return String(given);
  const digest = hash('sha1', body, 'base64url');
  const tag = coding === undefined ? `"${digest}"` : `"${digest}-${coding}"`;
  void reply.header('etag', tag);
  return tag;
}

/** Compared weakly, as the header asks. @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isUnchanged({ headers }: FastifyRequest, tag: string): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const opaque = tag.replace(/^W\//, '');
  for (const [, each] of header.matchAll(ENTITY_TAG)) if (each === opaque) return true;
  return false;
}

function addVary(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary');
  void reply.header('vary', before === undefined ? name : `${String(before)}, ${name}`);
}
