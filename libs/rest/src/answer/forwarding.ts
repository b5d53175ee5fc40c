import { Metadata, type CallOptions } from '@stampede/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidRequest } from '../problem/http-error.ts';

/** Names of headers that go through between HTTP and gRPC, in any case. Names that end in `-bin` hold bytes, base64 in HTTP. */
export interface ForwardedHeaders {
  /** From the HTTP request to the call. */
  readonly request?: readonly string[];
  /** From the call's headers to the HTTP answer. */
  readonly response?: readonly string[];
  /** From the call's trailers: headers of an answer that is one message, trailers of a stream (where the client says `TE: trailers`). */
  readonly trailers?: readonly string[];
}

/** Makes the options of a call that carry its headers over. */
export type Forward = (request: FastifyRequest, reply: FastifyReply, streamed: boolean) => CallOptions;

const NAME = /^[0-9a-z_.-]+$/;
const PRINTABLE = /^[ -~]*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What HTTP, gRPC or this library says itself. */
const OURS =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|date|content-.*|user-agent|grpc-.*|x-request-id|traceparent|tracestate)$/;

/** Throws where a name cannot go through. Undefined where none is to. */
export function createForward({ request = [], response = [], trailers = [] }: ForwardedHeaders): Forward | undefined {
  const incoming = request.map(checked);
  const outgoing = new Set(response.map(checked));
  const ending = new Set(trailers.map(checked));
  if (incoming.length + outgoing.size + ending.size === 0) return undefined;

  return (asked, reply, streamed) => {
    const metadata = incoming.length === 0 ? undefined : metadataOf(asked, incoming);
    const options = {
      ...(metadata === undefined ? {} : { metadata }),
      ...(outgoing.size === 0 ? {} : { onHeaders: (received: Metadata) => copy(received, outgoing, reply) }),
    };
    if (ending.size === 0) return options;
    if (!streamed) return { ...options, onTrailers: (received) => copy(received, ending, reply) };
    if (!/(?:^|,)\s*trailers\s*(?:;|,|$)/i.test(String(asked.headers.te))) return options;
    let last: Metadata | undefined;
    for (const name of ending) {
      reply.trailer(name, (_, __, done) => {
        const text = last === undefined ? undefined : textOf(last, name);
        // Fastify's way to leave a trailer out.
        if (text === undefined) done(new Error(`no trailer ${name} came`));
        else done(null, text);
      });
    }
    return { ...options, onTrailers: (received) => (last = received) };
  };
}

function checked(name: string): string {
  const lower = name.toLowerCase();
  if (!NAME.test(lower) || OURS.test(lower)) throw new Error(`forwardHeaders: ${name} cannot go through`);
  return lower;
}

function metadataOf({ headers }: FastifyRequest, names: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    const binary = name.endsWith('-bin');
    if (!(binary ? BASE64 : PRINTABLE).test(text)) {
      throw invalidRequest([{ field: name, description: `must be ${binary ? 'base64' : 'printable ASCII'}` }]);
    }
    metadata.set(name, binary ? Buffer.from(text, 'base64') : text);
  }
  return metadata;
}

function copy(received: Metadata, names: ReadonlySet<string>, reply: FastifyReply): void {
  // Headers that come after a stream has begun come too late.
  if (reply.raw.headersSent) return;
  for (const name of names) {
    const text = textOf(received, name);
    if (text !== undefined) void reply.header(name, text);
  }
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const values = metadata.getAll(name);
  if (values.length === 0) return undefined;
  return values.map((value) => (typeof value === 'string' ? value : Buffer.from(value).toString('base64'))).join(', ');
}
