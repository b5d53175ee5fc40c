import type { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import { childOf, newTrace, parseTraceparent, type Logger, type TraceContext } from '@stampede/telemetry';
import type { MethodKind } from '../definition.ts';
import { Metadata } from '../metadata.ts';
import type { ServerContext } from '../server-context.ts';
import { HEADERS } from '../wire/header-names.ts';
import { requestIdOf } from '../wire/request-id.ts';
import type { User } from '../wire/user-claim.ts';
import type { Arrival } from './arrival.ts';
import type { ServedMethod } from './served-method.ts';

export interface CallContextOptions {
  readonly deadline: number;
  readonly user: User | undefined;
  readonly caller: string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The context of one call. What a handler may never ask for is made when it asks: most calls need no signal, logger or trailers. */
export class CallContext implements ServerContext {
  readonly deadline: number;
  readonly user: User | undefined;
  readonly caller: string | undefined;
  readonly #method: ServedMethod;
  readonly #arrival: Arrival;
  readonly #log: Logger;
  readonly #clock: Clock;
  #requestId: string | undefined;
  #trace: TraceContext | undefined;
  #child: Logger | undefined;
  #controller: AbortController | undefined;
  #reason: AppError | undefined;
  #headers: Metadata | undefined;
  #trailers: Metadata | undefined;

  constructor(method: ServedMethod, arrival: Arrival, options: CallContextOptions) {
    this.#method = method;
    this.#arrival = arrival;
    this.deadline = options.deadline;
    this.user = options.user;
    this.caller = options.caller;
    this.#log = options.log;
    this.#clock = options.clock;
  }

  get service(): string {
    return this.#method.service;
  }

  get method(): string {
    return this.#method.method;
  }

  get kind(): MethodKind {
    return this.#method.kind;
  }

  get metadata(): Metadata {
    return this.#arrival.metadata;
  }

  get requestId(): string {
    return (this.#requestId ??= requestIdOf(this.#arrival.text(HEADERS.requestId)));
  }

  get trace(): TraceContext {
    if (this.#trace === undefined) {
      const arrival = this.#arrival;
      const parent = parseTraceparent(arrival.text(HEADERS.traceparent), arrival.text(HEADERS.tracestate));
      this.#trace = parent === undefined ? newTrace() : childOf(parent);
    }
    return this.#trace;
  }

  get log(): Logger {
    return (this.#child ??= this.#log.child({
      requestId: this.requestId,
      traceId: this.trace.traceId,
      ...(this.user === undefined ? {} : { userId: this.user.id }),
    }));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get responseHeaders(): Metadata {
    return (this.#headers ??= new Metadata());
  }

  get responseTrailers(): Metadata {
    return (this.#trailers ??= new Metadata());
  }

  remainingMs(): number {
    return Math.max(0, this.deadline - this.#clock.now());
  }

  /** The headers or trailers that somebody asked for; undefined costs nothing. */
  get setHeaders(): Metadata | undefined {
    return this.#headers;
  }

  get setTrailers(): Metadata | undefined {
    return this.#trailers;
  }

  /** Why the call was cut short, if it was. */
  get cutBy(): AppError | undefined {
    return this.#reason;
  }

  /** Cuts the call short; the first reason stays. */
  cancel(reason: AppError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
