import type { Codecs } from '../json/codecs.ts';
import type { FieldCodec } from '../json/field-codec.ts';
import type { MessageCodec } from '../json/message-codec.ts';
import type { OpenApiOptions, RestOptions } from '../options.ts';
import type { Route } from '../route.ts';
import { resolvePath } from '../request/field-path.ts';
import type { PathTemplate, Segment } from '../routing/path-template.ts';
import { problemSchema } from './problem-schema.ts';
import { createSchemas, type Schema, type Schemas } from './schema.ts';

interface Source {
  readonly routes: readonly Route[];
  readonly codecs: Codecs;
  /** The statuses that contracts give to reasons. */
  readonly reasonStatus: ReadonlyMap<string, number>;
  readonly prefix: string;
  readonly options: Pick<RestOptions, 'unknownFields'>;
  readonly openapi: OpenApiOptions;
}

/** How deep query parameters of nested messages are listed. */
const MAX_QUERY_DEPTH = 3;
/** The HTTP methods that OpenAPI 3.1 can describe. */
const VERBS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH']);

/** The OpenAPI 3.1 document of all routes. @see https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument({ routes, codecs, reasonStatus, prefix, options, openapi }: Source): Schema {
  const schemas = createSchemas(codecs, { closed: options.unknownFields !== 'drop' });
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes.filter(({ binding }) => VERBS.has(binding.verb))) {
    const path = prefix + pathOf(route.binding.template);
    (paths[path] ??= {})[route.binding.verb.toLowerCase()] = operation(route, codecs, schemas, openapi);
  }
  const services = new Map(routes.map(({ method }) => [method.service, method.source.parent?.comment ?? undefined]));
  return {
    openapi: '3.1.1',
    info: {
      title: openapi.title ?? 'API',
      version: openapi.version ?? '0',
      ...(openapi.description === undefined ? {} : { description: openapi.description }),
    },
    ...(openapi.servers === undefined ? {} : { servers: openapi.servers }),
    tags: [...services].map(([service, description]) => ({
      name: shortName(service),
      ...(description === undefined ? {} : { description }),
    })),
    paths,
    components: {
      schemas: { ...schemas.components, Problem: problemSchema([...reasonStatus.keys()]) },
      responses: {
        Problem: {
          description: 'A problem (RFC 9457).',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      ...(openapi.securitySchemes === undefined ? {} : { securitySchemes: openapi.securitySchemes }),
    },
  };
}

function operation(route: Route, codecs: Codecs, schemas: Schemas, openapi: OpenApiOptions): Schema {
  const { binding, method, hooks } = route;
  const request = codecs.of(method.requestType);
  const [summary, ...rest] = (method.comment ?? method.name).split(/(?<=\.)\s+/);
  const schemes = openapi.security?.(method) ?? [];
  const success = responseOf(route, codecs, schemas);
  const responses = hooks.document?.responses ?? { 200: 'OK' };
  return {
    operationId: `${shortName(method.service)}_${method.name}${binding.index === 0 ? '' : `_${binding.index + 1}`}`,
    tags: [shortName(method.service)],
    summary,
    ...(rest.length > 0 ? { description: rest.join(' ') } : {}),
    ...(openapi.security === undefined ? {} : { security: schemes.map((name) => ({ [name]: [] })) }),
    parameters: [
      ...pathParameters(route, request, schemas),
      ...queryParameters(route, request, schemas),
      ...(hooks.document?.parameters ?? []),
    ],
    ...requestBody(route, request, schemas),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([status, description]) => [status, { description, content: success }]),
      ),
      '4XX': { $ref: '#/components/responses/Problem' },
      '5XX': { $ref: '#/components/responses/Problem' },
    },
  };
}

function responseOf({ binding, method }: Route, codecs: Codecs, schemas: Schemas): Schema {
  const response = codecs.of(method.responseType);
  const field = binding.responseBody === undefined ? undefined : response.field(binding.responseBody);
  const schema = field === undefined ? schemas.message(response) : schemas.field(field);
  if (!method.responseStream) return { 'application/json': { schema } };
  return {
    'text/event-stream': {
      schema: { type: 'string', description: 'Each event holds one message as JSON.' },
      'x-message': schema,
    },
    'application/x-ndjson': { schema },
  };
}

function pathParameters({ binding }: Route, request: MessageCodec, schemas: Schemas): Schema[] {
  return binding.template.variables.map(({ fieldPath }) => {
    const field = resolvePath(request, fieldPath)?.at(-1);
    return {
      name: fieldPath.join('.'),
      in: 'path',
      required: true,
      ...(field?.source.comment ? { description: field.source.comment } : {}),
      schema: field === undefined ? { type: 'string' } : schemas.value(field),
    };
  });
}

function queryParameters({ binding, hooks }: Route, request: MessageCodec, schemas: Schemas): Schema[] {
  if (binding.body === '*') return [];
  const taken = new Set([
    ...binding.template.variables.map(({ fieldPath }) => fieldPath.join('.')),
    ...(hooks.fieldsFromHeaders ?? []),
    ...(binding.body === undefined ? [] : [binding.body]),
  ]);
  const list = (fields: readonly FieldCodec[], protoPrefix: string, prefix: string, depth: number): Schema[] =>
    fields.flatMap((field) => {
      if (taken.has(protoPrefix + field.name) || field.shape === 'map') return [];
      const name = prefix + field.jsonName;
      if (field.value.readText === undefined) {
        if (field.message === undefined || field.shape !== 'single' || depth >= MAX_QUERY_DEPTH) return [];
        return list(field.message.fields, `${protoPrefix}${field.name}.`, `${name}.`, depth + 1);
      }
      const description = field.source.comment ? { description: field.source.comment } : {};
      return [{ name, in: 'query', ...description, schema: schemas.field(field) }];
    });
  return list(request.fields, '', '', 1);
}

function requestBody({ binding, hooks }: Route, request: MessageCodec, schemas: Schemas): { requestBody?: Schema } {
  if (binding.body === undefined) return {};
  const field = binding.body === '*' ? undefined : request.field(binding.body);
  const elsewhere = [
    ...binding.template.variables.flatMap(({ fieldPath }) => (fieldPath.length === 1 ? fieldPath : [])),
    ...(hooks.fieldsFromHeaders ?? []),
  ];
  const schema = field === undefined ? schemas.message(request, new Set(elsewhere)) : schemas.field(field);
  return {
    requestBody: {
      required: Object.keys((schema['properties'] as object | undefined) ?? { any: true }).length > 0,
      content: { 'application/json': { schema } },
    },
  };
}

/** `/v1/{name=shelves/*}:move` as OpenAPI writes it; it cannot say that a parameter spans segments. */
function pathOf({ segments, variables, verb }: PathTemplate): string {
  const parts: string[] = [];
  for (let index = 0; index < segments.length; index++) {
    const variable = variables.find(({ start }) => start === index);
    if (variable === undefined) parts.push(literal(segments[index]));
    else {
      parts.push(`{${variable.fieldPath.join('.')}}`);
      index = variable.end - 1;
    }
  }
  return `/${parts.join('/')}${verb === undefined ? '' : `:${verb}`}`;
}

function literal(segment: Segment | undefined): string {
  if (segment?.kind === 'literal') return encodeURIComponent(segment.text);
  return segment?.kind === 'rest' ? '**' : '*';
}

function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1);
}
