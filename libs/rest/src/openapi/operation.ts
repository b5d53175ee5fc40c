import type { Codecs } from '../json/codecs.ts';
import type { FieldCodec } from '../json/field-codec.ts';
import type { MessageCodec } from '../json/message-codec.ts';
import type { OpenApiOptions } from '../options.ts';
import { resolvePath } from '../request/field-path.ts';
import type { Route } from '../route.ts';
import { errorResponses, errorsOf, type Reasons } from './errors.ts';
import type { Examples } from './example.ts';
import type { PathParameter } from './path.ts';
import { described, type Schema, type Schemas } from './schema.ts';

/** What operations are described with. */
export interface Describing {
  readonly codecs: Codecs;
  readonly schemas: Schemas;
  readonly examples: Examples;
  readonly reasons: Reasons;
  /** The document's error responses, which grow as they are needed. */
  readonly responses: Record<string, Schema>;
  readonly openapi: OpenApiOptions;
  readonly etag: boolean;
  readonly tickets: boolean;
}

/** How deep query parameters of nested messages are listed. */
const MAX_QUERY_DEPTH = 3;
const PROBLEM = { $ref: '#/components/responses/Problem' };
const BYTES: Schema = { '*/*': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } } };
const HEADERS: Schema = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
const TAGGED: Schema = { ...HEADERS, etag: { $ref: '#/components/headers/ETag' } };
const IF_NONE_MATCH: Schema = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The `ETag` of what the client has: 304 where it is still that.',
  schema: { type: 'string' },
};

export function operation(route: Route, path: readonly PathParameter[], describing: Describing): Schema {
  const { binding, method, hooks } = route;
  const { codecs, responses } = describing;
  const request = codecs.of(method.requestType);
  const [summary, ...rest] = (method.comment ?? method.name).split(/(?<=\.)\s+/);
  const service = method.service.slice(method.service.lastIndexOf('.') + 1);
  const tagged = describing.etag && binding.verb === 'GET' && !method.responseStream;
  const content = responseContent(route, describing);
  const answers = Object.entries(hooks.document?.responses ?? { 200: 'OK' });
  return {
    operationId: `${service}_${method.name}${binding.index === 0 ? '' : `_${binding.index + 1}`}`,
    tags: [service],
    summary,
    ...described(rest.join(' ')),
    ...securityOf(route, describing),
    parameters: [
      ...pathParameters(path, request, describing),
      ...queryParameters(route, request, describing),
      ...(hooks.document?.parameters ?? []),
      ...(tagged ? [IF_NONE_MATCH] : []),
    ],
    ...requestBody(route, request, describing),
    responses: {
      ...Object.fromEntries(
        answers.map(([status, description]) => [status, { description, headers: tagged ? TAGGED : HEADERS, content }]),
      ),
      ...(tagged ? { 304: { description: 'It is still what `If-None-Match` names.', headers: TAGGED } } : {}),
      ...errorResponses(errorsOf(route, describing), responses),
      '4XX': PROBLEM,
      '5XX': PROBLEM,
    },
  };
}

/** Any one of the schemes; a stream that needs one can be opened with a ticket too. */
function securityOf({ method }: Route, { openapi, tickets }: Describing): { security?: Schema[] } {
  if (openapi.security === undefined) return {};
  const names = [...openapi.security(method)];
  if (tickets && method.responseStream && names.length > 0) names.push('ticket');
  return { security: names.map((name) => ({ [name]: [] })) };
}

function responseContent(route: Route, { codecs, schemas, examples }: Describing): Schema {
  const { binding, method } = route;
  if (route.content !== undefined) return BYTES;
  const response = codecs.of(method.responseType);
  const field = binding.responseBody === undefined ? undefined : response.field(binding.responseBody);
  const schema = field === undefined ? schemas.message(response, 'out') : schemas.field(field, 'out');
  const example = field === undefined ? examples.message(response) : examples.field(field);
  if (!method.responseStream) return { 'application/json': { schema, example } };
  const line = JSON.stringify(example);
  return {
    'text/event-stream': {
      schema: {
        type: 'string',
        description:
          'Each event without a name holds one message as JSON; `error` a problem; `end` says that there is no more.',
      },
      'x-message': schema,
      example: `data: ${line}\n\nevent: end\ndata: {}\n\n`,
    },
    'application/x-ndjson': { schema, example },
  };
}

function pathParameters(path: readonly PathParameter[], request: MessageCodec, { schemas, examples }: Describing) {
  return path.map(({ name, variable, part }): Schema => {
    const field = resolvePath(request, variable.fieldPath)?.at(-1);
    const comment = field?.source.comment ?? '';
    const composed = part === undefined ? '' : `Part of \`${variable.fieldPath.join('.')}\`: \`${part}\`.`;
    const example = field === undefined || part !== undefined ? undefined : examples.given(field);
    return {
      name,
      in: 'path',
      required: true,
      ...described([composed, comment].filter((text) => text !== '').join(' ')),
      schema: field === undefined || part !== undefined ? { type: 'string' } : schemas.value(field, 'in'),
      ...(example === undefined ? {} : { example }),
    };
  });
}

function queryParameters(
  { binding, hooks }: Route,
  request: MessageCodec,
  { schemas, examples }: Describing,
): Schema[] {
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
      const example = examples.given(field);
      return [
        {
          name,
          in: 'query',
          ...described(field.source.comment),
          schema: schemas.field(field, 'in'),
          ...(example === undefined ? {} : { example }),
        },
      ];
    });
  return list(request.fields, '', '', 1);
}

function requestBody(route: Route, request: MessageCodec, { schemas, examples }: Describing): { requestBody?: Schema } {
  const { binding, hooks, method } = route;
  if (binding.body === undefined) return {};
  const streamed = method.requestStream;
  if (route.takesContent) return { requestBody: { required: false, content: BYTES } };
  const field = binding.body === '*' ? undefined : request.field(binding.body);
  const elsewhere = new Set([
    ...binding.template.variables.flatMap(({ fieldPath }) => (fieldPath.length === 1 ? fieldPath : [])),
    ...(hooks.fieldsFromHeaders ?? []),
  ]);
  const schema = field === undefined ? schemas.message(request, 'in', elsewhere) : schemas.field(field, 'in');
  const example = field === undefined ? examples.message(request, elsewhere) : examples.field(field);
  return {
    requestBody: {
      ...(streamed ? { description: 'A message a line.' } : {}),
      required: !streamed && (field !== undefined || request.fields.some(({ name }) => !elsewhere.has(name))),
      content: { [streamed ? 'application/x-ndjson' : 'application/json']: { schema, example } },
    },
  };
}
