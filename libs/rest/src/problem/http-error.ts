import { AppError, type AppErrorOptions, type Code, type FieldViolation } from '@stampede/errors';

/** A failure that the edge finds itself, with its status: 400, 405, 413, 415. */
export interface HttpFailure {
  readonly status: number;
  readonly code: Code;
  readonly reason: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown where a request fails before there is a call; carries the AppError that it is and the status to answer. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: AppError;

  constructor({ status, code, reason, detail, headers = {} }: HttpFailure, options: AppErrorOptions = {}) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.error = new AppError(code, reason, detail, options);
  }
}

export function routeNotFound(path: string): HttpError {
  return new HttpError({
    status: 404,
    code: 'NOT_FOUND',
    reason: 'ROUTE_NOT_FOUND',
    detail: `there is nothing at ${shortened(path)}`,
  });
}

export function methodNotAllowed(method: string, allowed: readonly string[]): HttpError {
  const allow = allowed.join(', ');
  return new HttpError({
    status: 405,
    code: 'UNIMPLEMENTED',
    reason: 'METHOD_NOT_ALLOWED',
    detail: `${method} is not allowed here, only ${allow}`,
    headers: { allow },
  });
}

export function uriTooLong(limit: number): HttpError {
  return new HttpError({
    status: 414,
    code: 'INVALID_ARGUMENT',
    reason: 'URI_TOO_LONG',
    detail: `the URL is longer than ${limit} bytes`,
  });
}

export function bodyTooLarge(detail: string): HttpError {
  return new HttpError({ status: 413, code: 'INVALID_ARGUMENT', reason: 'BODY_TOO_LARGE', detail });
}

/** Nobody is left to be told, except whoever counts. */
export function bodyCutShort(): HttpError {
  return new HttpError({
    status: 400,
    code: 'INVALID_ARGUMENT',
    reason: 'BODY_CUT_SHORT',
    detail: 'the body is shorter than was announced',
  });
}

/** `wanted` is the media type to send instead. */
export function unsupportedMediaType(type: string, wanted = 'application/json'): HttpError {
  return new HttpError({
    status: 415,
    code: 'INVALID_ARGUMENT',
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    detail: `the body must be ${wanted} in UTF-8, not ${shortened(type)}`,
    headers: { accept: wanted },
  });
}

export function unsupportedEncoding(encoding: string): HttpError {
  return new HttpError({
    status: 415,
    code: 'INVALID_ARGUMENT',
    reason: 'UNSUPPORTED_CONTENT_ENCODING',
    detail: `the body must not be encoded, not as ${shortened(encoding)} either`,
    headers: { 'accept-encoding': 'identity' },
  });
}

export function badHost(): HttpError {
  return new HttpError({
    status: 400,
    code: 'INVALID_ARGUMENT',
    reason: 'BAD_HOST',
    detail: 'a request must have one Host header',
  });
}

export function expectationFailed(): HttpError {
  return new HttpError({
    status: 417,
    code: 'INVALID_ARGUMENT',
    reason: 'EXPECTATION_FAILED',
    detail: 'nothing can be expected here but 100-continue',
  });
}

/** A request that breaks its contract; the fields are named as in JSON. */
export function invalidRequest(violations: readonly FieldViolation[], reason = 'INVALID_ARGUMENT'): HttpError {
  const detail = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new HttpError({ status: 400, code: 'INVALID_ARGUMENT', reason, detail }, { violations });
}

export function malformedBody(description: string): HttpError {
  return new HttpError(
    { status: 400, code: 'INVALID_ARGUMENT', reason: 'MALFORMED_JSON', detail: `body: ${description}` },
    { violations: [{ field: 'body', description }] },
  );
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
