import type { Logger, TraceContext } from '@stampede/telemetry';
import type { MethodKind } from './definition.ts';
import type { Metadata } from './metadata.ts';
import type { User } from './wire/user-claim.ts';

/** What a handler knows of the call it serves. */
export interface ServerContext {
  /** Full name of the service: `stampede.order.v1.OrderService`. */
  readonly service: string;
  /** Name of the method in the contract: `GetOrder`. */
  readonly method: string;
  readonly kind: MethodKind;
  /** The caller's if it sent a sane one, else a new one. */
  readonly requestId: string;
  /** This call's own span in its caller's trace, or a new trace. */
  readonly trace: TraceContext;
  /** Whom the call is made for; set only where a proven caller that may speak for users says so. */
  readonly user: User | undefined;
  /** The calling service, proven. */
  readonly caller: string | undefined;
  /** Aborted with an AppError when the caller is gone (CANCELLED), out of time (DEADLINE_EXCEEDED), or a stream is to end (UNAVAILABLE, STREAM_DRAINED). */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; every call has one. */
  readonly deadline: number;
  /** Milliseconds until the deadline, at least 0. */
  remainingMs(): number;
  /** What came with the call. */
  readonly metadata: Metadata;
  /** Sent before the (first) response. */
  readonly responseHeaders: Metadata;
  /** Sent with the status, of a success or a failure. */
  readonly responseTrailers: Metadata;
  /** Lines of this logger name the request, the trace and the user. */
  readonly log: Logger;
}
