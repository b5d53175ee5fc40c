import { STATUS_CODES } from 'node:http';
import { AppError, type Code } from '@stampede/errors';
import { jsonPath } from '../json/field-name.ts';
import { bodyTooLarge, HttpError, unsupportedMediaType } from './http-error.ts';
import { HTTP_STATUS } from './http-status.ts';

/** What a client gets of a failure: a problem of RFC 9457 with the canonical code and the reason. @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  /** `about:blank` (the status says it all), or what `problemType` makes of the reason. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for. */
  readonly instance: string;
  readonly code: Code;
  /** What a client switches on: `OUT_OF_STOCK`. */
  readonly reason: string;
  readonly requestId: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The fields at fault, by their names in JSON: `items[0].unitPrice`. */
  readonly violations: readonly { readonly field: string; readonly description: string }[];
}

/** What a project says of its failures. */
export interface ProblemSettings {
  /** HTTP statuses by reason; what is not listed follows from the code. */
  readonly reasonStatus: ReadonlyMap<string, number>;
  /** The URI of a reason's documentation. */
  readonly problemType?: (reason: string) => string;
  /** The value of `WWW-Authenticate` on 401; `Bearer` if absent. */
  readonly challenge?: (error: AppError) => string;
}

/** A failure as it is answered: status, headers and body. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** What to log: the failure itself where it is not the client's. */
  readonly unforeseen: unknown;
}

/** Anything that was thrown, as an answer. What is no AppError and no failure of HTTP says nothing of itself. */
export function problemOf(
  thrown: unknown,
  at: { path: string; requestId: string },
  settings: ProblemSettings,
): ProblemAnswer {
  const http = thrown instanceof HttpError ? thrown : fastifyFailure(thrown);
  const error = http?.error ?? AppError.from(thrown);
  const status = http?.status ?? settings.reasonStatus.get(error.reason) ?? HTTP_STATUS[error.code];
  const problem: Problem = {
    type: settings.problemType?.(error.reason) ?? 'about:blank',
    title: STATUS_CODES[status] ?? (status === 499 ? 'Client Closed Request' : 'Error'),
    status,
    detail: error.message,
    instance: at.path,
    code: error.code,
    reason: error.reason,
    requestId: at.requestId,
    ...(Object.keys(error.metadata).length > 0 ? { metadata: error.metadata } : {}),
    violations:
      http?.error.violations ??
      error.violations.map(({ field, description }) => ({ field: jsonPath(field), description })),
  };
  return {
    problem,
    headers: { ...http?.headers, ...headersOf(status, error, settings) },
    unforeseen: status >= 500 ? thrown : undefined,
  };
}

function headersOf(status: number, error: AppError, { challenge }: ProblemSettings): Record<string, string> {
  if (status === 401) return { 'www-authenticate': challenge?.(error) ?? 'Bearer' };
  const seconds = error.metadata['retry_after_seconds'];
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? { 'retry-after': seconds } : {};
}

/** Fastify's own 4xx: a body too large, a length that is not one, and the like. */
function fastifyFailure(thrown: unknown): HttpError | undefined {
  if (!(thrown instanceof Error) || !('statusCode' in thrown) || !('code' in thrown)) return undefined;
  const { statusCode: status, code: name, message } = thrown;
  if (
    typeof status !== 'number' ||
    status < 400 ||
    status > 499 ||
    typeof name !== 'string' ||
    !name.startsWith('FST_ERR_')
  )
    return undefined;
  if (status === 413) return bodyTooLarge('the body is too large');
  if (status === 415) return unsupportedMediaType('what was sent');
  return new HttpError({ status, code: 'INVALID_ARGUMENT', reason: name.slice('FST_ERR_'.length), detail: message });
}
