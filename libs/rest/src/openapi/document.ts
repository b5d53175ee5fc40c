import type { Codecs } from '../json/codecs.ts';
import type { MessageCodec } from '../json/message-codec.ts';
import type { OpenApiOptions, RestOptions } from '../options.ts';
import type { Route } from '../route.ts';
import type { Tickets } from '../ticket/tickets.ts';
import type { Reasons } from './errors.ts';
import { createExamples } from './example.ts';
import { operation, type Describing } from './operation.ts';
import { describePath } from './path.ts';
import { problemSchema } from './problem-schema.ts';
import { createSchemas, described, type Schema } from './schema.ts';
import { TICKET_TAG, ticketOperation, ticketScheme } from './ticket-operation.ts';

interface Source {
  readonly routes: readonly Route[];
  readonly codecs: Codecs;
  /** What the contracts say of their reasons. */
  readonly reasons: Reasons;
  readonly prefix: string;
  readonly options: Pick<RestOptions, 'unknownFields' | 'etag'>;
  /** Undefined where streams take none. */
  readonly tickets: Tickets | undefined;
  readonly openapi: OpenApiOptions;
}

/** The HTTP methods that OpenAPI 3.1 can describe. */
const VERBS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH']);

/** The OpenAPI 3.1 document of all routes. @see https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument({ routes, codecs, reasons, prefix, options, tickets, openapi }: Source): Schema {
  const examples = createExamples(openapi.examples ?? {});
  const schemas = createSchemas({
    closed: options.unknownFields !== 'drop',
    goesBothWays: bothWays(routes, codecs),
    examples,
  });
  const responses: Record<string, Schema> = { Problem: problemResponse() };
  const describing: Describing = {
    codecs,
    schemas,
    examples,
    reasons,
    responses,
    openapi,
    etag: options.etag ?? false,
    tickets: tickets !== undefined,
  };
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes.filter(({ binding }) => VERBS.has(binding.verb))) {
    const { path, parameters } = describePath(route.binding.template);
    (paths[prefix + path] ??= {})[route.binding.verb.toLowerCase()] = operation(route, parameters, describing);
  }
  if (tickets !== undefined) paths[prefix + tickets.path] = { post: ticketOperation(tickets, routes, describing) };
  const services = new Map(routes.map(({ method }) => [method.service, method.source.parent?.comment]));
  return {
    openapi: '3.1.1',
    info: {
      title: openapi.title ?? 'API',
      version: openapi.version ?? '0',
      ...described(openapi.description),
      ...(openapi.license === undefined ? {} : { license: openapi.license }),
    },
    servers: openapi.servers ?? [{ url: '/' }],
    ...(openapi.security === undefined ? { security: [] } : {}),
    tags: [
      ...[...services].map(([service, comment]) => {
        const name = service.slice(service.lastIndexOf('.') + 1);
        return { name, description: comment ?? name };
      }),
      ...(tickets === undefined ? [] : [TICKET_TAG]),
    ],
    paths,
    components: {
      schemas: { ...schemas.components, Problem: problemSchema([...reasons.statuses.keys()]) },
      responses,
      headers: {
        RequestId: {
          description: "The request's id: the client's own `x-request-id` if it sent a sane one.",
          schema: { type: 'string' },
        },
        ...(options.etag === true
          ? { ETag: { description: 'Names these bytes: send it as `If-None-Match`.', schema: { type: 'string' } } }
          : {}),
      },
      ...(openapi.securitySchemes === undefined && tickets === undefined
        ? {}
        : {
            securitySchemes: {
              ...openapi.securitySchemes,
              ...(tickets === undefined ? {} : { ticket: ticketScheme(tickets) }),
            },
          }),
    },
  };
}

function problemResponse(): Schema {
  return {
    description: 'A problem (RFC 9457) that is not listed.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

/** The messages that some request holds and some response too. */
function bothWays(routes: readonly Route[], codecs: Codecs): (codec: MessageCodec) => boolean {
  const requests = new Set<MessageCodec>();
  const responses = new Set<MessageCodec>();
  for (const { method } of routes) {
    collect(codecs.of(method.requestType), requests);
    collect(codecs.of(method.responseType), responses);
  }
  return (codec) => requests.has(codec) && responses.has(codec);
}

function collect(codec: MessageCodec, into: Set<MessageCodec>): void {
  if (into.has(codec)) return;
  into.add(codec);
  for (const { message } of codec.fields) if (message !== undefined) collect(message, into);
}
