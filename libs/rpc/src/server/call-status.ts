import { CODES, type AppError } from '@stampede/errors';
import { Metadata } from '../metadata.ts';
import { HEADERS, type NOT_PROCESSED, type UNKNOWN } from '../wire/header-names.ts';
import { encodeDetails, messageOf } from '../wire/status-details.ts';

/** How a call ended, as a transport sends it. */
export interface CallStatus {
  /** Canonical, 0 is OK. */
  readonly code: number;
  readonly message: string;
  readonly trailers: Metadata | undefined;
}

export function statusOk(trailers: Metadata | undefined): CallStatus {
  return { code: CODES.OK, message: '', trailers };
}

/** The status of a failed call, and what the server knows of it: nothing is said where the error is the handler's answer. */
export function statusOf(
  error: AppError,
  instance: string,
  trailers = new Metadata(),
  outcome?: typeof NOT_PROCESSED | typeof UNKNOWN,
): CallStatus {
  trailers.set(HEADERS.details, encodeDetails(error)).set(HEADERS.instance, instance);
  if (outcome !== undefined) trailers.set(HEADERS.outcome, outcome);
  return { code: CODES[error.code], message: messageOf(error), trailers };
}
