import type { Clock } from '@stampede/lifecycle';
import { childOf, formatTraceparent, newTrace, type TraceContext } from '@stampede/telemetry';
import { kindOf, namesOf, type Idempotency, type MethodKind, type MethodShape } from '../definition.ts';
import { Metadata } from '../metadata.ts';
import { HEADERS } from '../wire/header-names.ts';
import { requestIdOf } from '../wire/request-id.ts';
import { encodeUser, type User } from '../wire/user-claim.ts';
import type { CallOptions, ClientContext } from './call-options.ts';

/** What is the same for every call of a method. */
export interface MethodFacts {
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly idempotency: Idempotency | undefined;
}

export function factsOf(method: Omit<MethodShape<never, unknown>, 'encode' | 'decode'>): MethodFacts {
  const [service, name] = namesOf(method.path);
  return { service, method: name, kind: kindOf(method), idempotency: method.idempotency };
}

export interface OutgoingContextOptions {
  readonly facts: MethodFacts;
  readonly options: CallOptions;
  readonly defaultDeadlineMs: number;
  /** Aborted when the channel closes, for calls that do not outlive it. */
  readonly closing: AbortSignal | undefined;
  /** Proof of the calling service, if it has a secret. */
  readonly prove: (() => string) | undefined;
  readonly clock: Clock;
}

/** What a call sends of its own, where nobody has looked at its metadata. */
export interface PlainHead {
  readonly trace: TraceContext;
  readonly requestId: string;
  readonly proof: string | undefined;
  /** The claim of the user. */
  readonly claim: string | undefined;
}

/** Ms; what a timer can count, 24 days. */
const MAX_DEADLINE_MS = 2 ** 31 - 1;

/**
 * What a call takes along: its own span, and of the call being served the request id, the user, the cancellation and the time that is left. What
 * nobody may ask for is made when somebody asks.
 */
export class OutgoingContext implements ClientContext, PlainHead {
  readonly trace: TraceContext;
  readonly requestId: string;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly proof: string | undefined;
  readonly #facts: MethodFacts;
  readonly #options: CallOptions;
  readonly #clock: Clock;
  #metadata: Metadata | undefined;

  constructor({ facts, options, defaultDeadlineMs, closing, prove, clock }: OutgoingContextOptions) {
    const { context } = options;
    const allowed = Math.min(options.deadlineMs ?? defaultDeadlineMs, MAX_DEADLINE_MS);
    const parent = options.trace ?? context?.trace;
    this.#facts = facts;
    this.#options = options;
    this.#clock = clock;
    this.deadline = clock.now() + (context === undefined ? allowed : Math.min(allowed, context.remainingMs()));
    this.trace = parent === undefined ? newTrace() : childOf(parent);
    this.requestId = requestIdOf(options.requestId ?? context?.requestId);
    this.signal = anyOf(options.signal, context?.signal, closing);
    this.proof = prove?.();
  }

  get service(): string {
    return this.#facts.service;
  }

  get method(): string {
    return this.#facts.method;
  }

  get kind(): MethodKind {
    return this.#facts.kind;
  }

  get idempotency(): Idempotency | undefined {
    return this.#facts.idempotency;
  }

  get user(): User | undefined {
    return this.#options.user ?? this.#options.context?.user;
  }

  get claim(): string | undefined {
    const { user } = this;
    return user === undefined ? undefined : encodeUser(user);
  }

  get key(): string | undefined {
    return this.#options.key;
  }

  get onHeaders(): ((headers: Metadata) => void) | undefined {
    return this.#options.onHeaders;
  }

  get onTrailers(): ((trailers: Metadata) => void) | undefined {
    return this.#options.onTrailers;
  }

  get metadata(): Metadata {
    return (this.#metadata ??= this.#headers());
  }

  /** This, if its metadata would say nothing else, and nobody has looked at it. */
  get plain(): PlainHead | undefined {
    return this.#metadata === undefined && this.#options.metadata === undefined ? this : undefined;
  }

  remainingMs(): number {
    return Math.max(0, this.deadline - this.#clock.now());
  }

  #headers(): Metadata {
    const { trace, requestId, proof, claim } = this;
    const metadata = new Metadata();
    const extra = this.#options.metadata;
    if (extra !== undefined) for (const [header, values] of extra) metadata.set(header, ...values);
    metadata.set(HEADERS.traceparent, formatTraceparent(trace)).set(HEADERS.requestId, requestId);
    if (trace.state !== undefined) metadata.set(HEADERS.tracestate, trace.state);
    if (proof !== undefined) metadata.set(HEADERS.service, proof);
    if (claim !== undefined) metadata.set(HEADERS.user, claim);
    return metadata;
  }
}

function anyOf(
  own: AbortSignal | undefined,
  served: AbortSignal | undefined,
  closing: AbortSignal | undefined,
): AbortSignal | undefined {
  const first = own ?? served ?? closing;
  if (first === undefined || first === closing || (first === served && closing === undefined)) return first;
  const given = [own, served, closing].filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
