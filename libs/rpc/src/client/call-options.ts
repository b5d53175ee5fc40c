import type { TraceContext } from '@stampede/telemetry';
import type { Idempotency, MethodKind } from '../definition.ts';
import type { Interceptor } from '../interceptor.ts';
import type { Metadata } from '../metadata.ts';
import type { ServerContext } from '../server-context.ts';
import type { User } from '../wire/user-claim.ts';

/** What a caller may say of one call. */
export interface CallOptions {
  /** Ms that the call may take, retries included; the channel's default if absent, and never more than `context` has left. */
  readonly deadlineMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** The call being served: its deadline, cancellation, request id, trace and user go on. */
  readonly context?: ServerContext;
  /** Goes before the context's. */
  readonly user?: User;
  readonly requestId?: string;
  readonly trace?: TraceContext;
  /** What the call is about: calls of one key meet at one instance while it is up to them. Never needed for correctness. */
  readonly key?: string;
  readonly metadata?: Metadata;
  /** Called with the headers of each attempt that got some. */
  readonly onHeaders?: (headers: Metadata) => void;
  readonly onTrailers?: (trailers: Metadata) => void;
}

/** What an interceptor on the client's side knows of a call. */
export interface ClientContext {
  /** Full name of the service: `stampede.order.v1.OrderService`. */
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly idempotency: Idempotency | undefined;
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly user: User | undefined;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Epoch ms. */
  readonly deadline: number;
  remainingMs(): number;
  /** What is sent with the call; may be added to. */
  readonly metadata: Metadata;
  readonly onHeaders: ((headers: Metadata) => void) | undefined;
  readonly onTrailers: ((trailers: Metadata) => void) | undefined;
}

/** Goes around the calls of a channel; see `Interceptor`. */
export type ClientInterceptor = Interceptor<ClientContext>;
