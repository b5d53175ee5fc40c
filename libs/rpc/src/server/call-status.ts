import { CODES, type AppError } from '@stampede/errors';
import { Metadata } from '../metadata.ts';
import { HEADERS, NOT_PROCESSED } from '../wire/header-names.ts';
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

/** The status of a failed call. `refused`: no handler saw it, so it may be sent elsewhere. */
export function statusOf(error: AppError, instance: string, trailers = new Metadata(), refused = false): CallStatus {
  trailers.set(HEADERS.details, encodeDetails(error)).set(HEADERS.instance, instance);
  if (refused) trailers.set(HEADERS.outcome, NOT_PROCESSED);
  return { code: CODES[error.code], message: messageOf(error), trailers };
}
