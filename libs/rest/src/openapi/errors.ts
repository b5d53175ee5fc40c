import { STATUS_CODES } from 'node:http';
import type { Code } from '@stampede/errors';
import type { DocumentedError, OpenApiOptions } from '../options.ts';
import { HTTP_STATUS } from '../problem/http-status.ts';
import type { Route } from '../route.ts';
import type { Schema } from './schema.ts';

/** What the contracts say of their reasons. */
export interface Reasons {
  readonly statuses: ReadonlyMap<string, number>;
  readonly comments: ReadonlyMap<string, string>;
}

const own = (
  status: number,
  reason: string,
  description: string,
  code: Code = 'INVALID_ARGUMENT',
): DocumentedError => ({
  status,
  code,
  reason,
  description,
});

const INVALID = own(
  400,
  'INVALID_ARGUMENT',
  'Something in the request breaks the contract: `violations` names every field at fault.',
);
const OF_BODIES = [own(413, 'BODY_TOO_LARGE', 'The body is too large.')];
const OF_JSON_BODIES = [
  own(400, 'MALFORMED_JSON', 'The body is not JSON in UTF-8.'),
  own(415, 'UNSUPPORTED_MEDIA_TYPE', 'The body is of another media type.'),
];
const PACKED = own(415, 'UNSUPPORTED_CONTENT_ENCODING', 'The body is packed.');
const LOGGED_OUT = own(401, 'UNAUTHENTICATED', 'It is not known who asks.', 'UNAUTHENTICATED');
const OUTAGES = [
  own(500, 'INTERNAL', 'Something failed that was not foreseen.', 'INTERNAL'),
  own(503, 'UNAVAILABLE', 'No instance of the service can be reached: try again.', 'UNAVAILABLE'),
];
const LATE = own(
  504,
  'DEADLINE_EXCEEDED',
  'The service did not answer in time; whether it acted is not known.',
  'DEADLINE_EXCEEDED',
);

const REASON = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g;

const OF_TICKETS = [
  own(401, 'INVALID_TICKET', 'The ticket is not one for this stream.', 'UNAUTHENTICATED'),
  own(401, 'TICKET_EXPIRED', 'The ticket has expired: get another.', 'UNAUTHENTICATED'),
];

export interface ErrorSources {
  readonly reasons: Reasons;
  readonly openapi: OpenApiOptions;
  /** Whether streams take tickets. */
  readonly tickets: boolean;
}

/** The failures of a route: the edge's own, those that the method's comment names, and those that whoever mounts the plugin adds. */
export function errorsOf(
  { method, binding, takesContent }: Pick<Route, 'method' | 'binding' | 'takesContent'>,
  { reasons, openapi, tickets }: ErrorSources,
): DocumentedError[] {
  const named = (method.comment?.match(REASON) ?? []).filter((reason) => reasons.statuses.has(reason));
  const added = openapi.errors?.(method) ?? [];
  const body = binding.body !== undefined;
  const guarded = (openapi.security?.(method).length ?? 0) > 0;
  const explained = added.some((error) => typeof error !== 'string' && error.status === 401);
  const all = [
    INVALID,
    ...(guarded && !explained ? [LOGGED_OUT] : []),
    ...(body ? [...OF_BODIES, PACKED, ...(takesContent ? [] : OF_JSON_BODIES)] : []),
    ...[...named, ...added].map((error) =>
      typeof error === 'string' ? ofContract(error, reasons, method.fullName) : error,
    ),
    ...OUTAGES,
    ...(method.responseStream ? (tickets && guarded ? OF_TICKETS : []) : [LATE]),
  ];
  return [...new Map(all.map((error) => [error.reason, error])).values()];
}

function ofContract(reason: string, { statuses, comments }: Reasons, method: string): DocumentedError {
  const status = statuses.get(reason);
  if (status === undefined) throw new Error(`openapi.errors of ${method}: the contracts have no reason ${reason}`);
  return { status, code: codeFor(status), reason, description: comments.get(reason) ?? '' };
}

/** A code that goes with a status; an error's own is in the contract's hands. */
function codeFor(status: number): Code {
  const found = Object.entries(HTTP_STATUS).find(([, mapped]) => mapped === status)?.[0] as Code | undefined;
  return found ?? 'FAILED_PRECONDITION';
}

/** Error responses by status, each a component that operations with the same failures share; adds those to `components`. */
export function errorResponses(
  errors: readonly DocumentedError[],
  components: Record<string, Schema>,
): Record<string, Schema> {
  const byStatus = Map.groupBy(errors, ({ status }) => status);
  const statuses = [...byStatus.keys()].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const some = (byStatus.get(status) ?? []).toSorted((a, b) => (a.reason < b.reason ? -1 : 1));
      const name = `${status}.${some.map(({ reason }) => reason).join('.')}`;
      components[name] ??= response(status, some);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

function response(status: number, errors: readonly DocumentedError[]): Schema {
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    description: [`${title}.`, ...errors.map(({ reason, description }) => `- \`${reason}\`: ${description}`)].join(
      '\n',
    ),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          errors.map((error) => [error.reason, { summary: error.description, value: problem(title, error) }]),
        ),
      },
    },
  };
}

function problem(title: string, { status, code, reason, description }: DocumentedError): Schema {
  return {
    type: 'about:blank',
    title,
    status,
    detail: description,
    instance: '/',
    code,
    reason,
    requestId: '2f1a4c3e-7d0b-4f57-9a43-0a8d6a1f2b10',
    violations: reason === INVALID.reason ? [{ field: 'items[0].quantity', description: 'must be an integer' }] : [],
  };
}
