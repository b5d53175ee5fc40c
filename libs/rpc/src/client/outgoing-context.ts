import type { Clock } from '@stampede/lifecycle';
import { childOf, formatTraceparent, newTrace } from '@stampede/telemetry';
import { kindOf, namesOf, type MethodShape } from '../definition.ts';
import { Metadata } from '../metadata.ts';
import { HEADERS } from '../wire/header-names.ts';
import { requestIdOf } from '../wire/request-id.ts';
import { encodeUser } from '../wire/user-claim.ts';
import type { CallOptions, ClientContext } from './call-options.ts';

export interface OutgoingContextOptions {
  readonly method: Omit<MethodShape<never, unknown>, 'encode' | 'decode'>;
  readonly options: CallOptions;
  readonly defaultDeadlineMs: number;
  /** Aborted when the channel closes, for calls that do not outlive it. */
  readonly closing: AbortSignal | undefined;
  /** Proof of the calling service, if it has a secret. */
  readonly prove: (() => string) | undefined;
  readonly clock: Clock;
}

/** What a call takes along: its own span, and of the call being served the request id, the user, the cancellation and the time that is left. */
export function outgoingContext({
  method,
  options,
  defaultDeadlineMs,
  closing,
  prove,
  clock,
}: OutgoingContextOptions): ClientContext {
  const { context, metadata: extra, signal, key, onHeaders, onTrailers } = options;
  const allowed = Math.min(options.deadlineMs ?? defaultDeadlineMs, MAX_DEADLINE_MS);
  const deadline = clock.now() + (context === undefined ? allowed : Math.min(allowed, context.remainingMs()));
  const parent = options.trace ?? context?.trace;
  const trace = parent === undefined ? newTrace() : childOf(parent);
  const requestId = requestIdOf(options.requestId ?? context?.requestId);
  const user = options.user ?? context?.user;
  const [service, name] = namesOf(method.path);

  const metadata = new Metadata();
  if (extra !== undefined) for (const [header, values] of extra) metadata.set(header, ...values);
  metadata.set(HEADERS.traceparent, formatTraceparent(trace)).set(HEADERS.requestId, requestId);
  if (trace.state !== undefined) metadata.set(HEADERS.tracestate, trace.state);
  if (prove !== undefined) metadata.set(HEADERS.service, prove());
  if (user !== undefined) metadata.set(HEADERS.user, encodeUser(user));

  return {
    service,
    method: name,
    kind: kindOf(method),
    idempotency: method.idempotency,
    requestId,
    trace,
    user,
    key,
    signal: anyOf(signal, context?.signal, closing),
    deadline,
    remainingMs: () => Math.max(0, deadline - clock.now()),
    metadata,
    onHeaders,
    onTrailers,
  };
}

/** Ms; what a timer can count, 24 days. */
const MAX_DEADLINE_MS = 2 ** 31 - 1;

function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
