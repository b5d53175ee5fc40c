import { AppError } from '@stampede/errors';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Logger, Metrics } from '@stampede/telemetry';
import type { MethodShape } from '../definition.ts';
import type { Discovery } from '../discovery.ts';
import { compose, type Next } from '../interceptor.ts';
import { createProver } from '../wire/service-proof.ts';
import type { CallOptions, ClientContext, ClientInterceptor } from './call-options.ts';
import { Caller } from './caller.ts';
import { factsOf, OutgoingContext, type MethodFacts } from './outgoing-context.ts';
import { OutgoingUnary, type UnaryOptions } from './outgoing-unary.ts';
import { Pool } from './pool.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
import { transportOf, type TransportMode } from './transport-mode.ts';

/** Of `createChannel`. */
export interface ChannelOptions {
  /** Whom to call: the service's name in discovery. */
  readonly service: string;
  readonly discovery: Discovery;
  /** Who calls. Without a secret nothing is proven, and no user that is passed on is believed. */
  readonly caller: { readonly service: string; readonly secret?: string };
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Ms that a call with one response may take, retries included; 5,000. */
  readonly defaultDeadlineMs?: number;
  /** Ms that a stream of responses may take; an hour. Servers of this library end streams after ten minutes. */
  readonly defaultStreamDeadlineMs?: number;
  /** Outermost first, around each call with all its retries. */
  readonly interceptors?: readonly ClientInterceptor[];
  readonly retry?: { readonly maxAttempts?: number; readonly budget?: RetryBudgetOptions };
  readonly limits?: Partial<ChannelLimits>;
  /** What carries unary calls; `auto` if absent. Streams always go over plain gRPC. */
  readonly transport?: TransportMode;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The bounds of a channel, which all have defaults. */
export interface ChannelLimits {
  /** Bytes of one response message; 4 MiB. */
  readonly maxReceiveBytes: number;
  /** Calls at once to one instance; 1,000. Further ones wait, in order. */
  readonly maxInFlight: number;
  /** Calls that may wait for an instance; 20,000. Further ones fail, RESOURCE_EXHAUSTED. */
  readonly maxQueued: number;
  /** Instances that are kept connected; 20. */
  readonly maxConnections: number;
  /** Ms after which a silent connection with calls on it is pinged; 120,000. Keep it longer than the longest unary deadline (grpc-node#3068). */
  readonly keepaliveMs: number;
  /**
   * Ms that an instance may let calls wait without answering anything before it is asked for a sign of life, which must come within as many; 250. One
   * that gives none is set aside until it is heard again, and what waits there and may be repeated is asked elsewhere.
   */
  readonly silenceMs: number;
  /** Ms between the pings of a lane, and that an answer may take before its connection is given up; 10,000 each. */
  readonly pingMs: number;
  readonly pongMs: number;
}

/**
 * Calls to a service, spread over its instances. Every failure is an AppError as the server threw it, or one of CONNECTION_FAILED,
 * CONNECTION_LOST, INSTANCE_SILENT, STREAM_REFUSED, NO_INSTANCE, CLIENT_QUEUE_FULL, CHANNEL_CLOSED, DEADLINE_EXCEEDED, CANCELLED; `outcomeOf` says what is known of the call.
 */
export interface Channel {
  unary<Request, Response>(
    method: MethodShape<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  /** The call starts with the first read; leaving the loop cancels it. */
  serverStream<Request, Response>(
    method: MethodShape<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): AsyncIterable<Response>;
  clientStream<Request, Response>(
    method: MethodShape<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): Promise<Response>;
  /** The call starts with the first read; leaving the loop cancels it. */
  bidi<Request, Response>(
    method: MethodShape<Request, Response>,
    requests: AsyncIterable<Request>,
    options?: CallOptions,
  ): AsyncIterable<Response>;
  /** Resolves once an instance is connected, however long that takes; rejects when the signal aborts or the channel is closed. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Refuses further calls, lets unary ones finish, ends streams, closes connections. */
  close(): Promise<void>;
}

/**
 * A channel to the instances of a service that `discovery` tells of; its owner closes it.
 *
 * @example
 * const channel = createChannel({ service: 'inventory', discovery, caller: { service: 'order', secret }, log });
 * const inventory = createClient(InventoryServiceDefinition, channel);
 * await inventory.reserveStock({ orderId, lines }, { context });
 */
export function createChannel(options: ChannelOptions): Channel {
  return new RpcChannel(options);
}

const HOUR_MS = 3_600_000;
const NONE: CallOptions = {};

/** How the calls of one method go, made once: an interceptor may keep state a method. */
interface Way {
  readonly facts: MethodFacts;
  readonly next: Next<ClientContext>;
}

class RpcChannel implements Channel {
  readonly #options: ChannelOptions;
  readonly #pool: Pool;
  readonly #caller: Caller;
  readonly #defaultDeadlineMs: number;
  /** How unary calls are made where there are no interceptors; undefined where there are. */
  readonly #plain: UnaryOptions | undefined;
  readonly #clock: Clock;
  readonly #prove: (() => string) | undefined;
  readonly #ways = new WeakMap<object, Way>();
  /** Ends streams: unary calls finish by themselves. */
  readonly #closing = new AbortController();
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    const { service, discovery, caller, log, clock = systemClock, random = Math.random, limits = {} } = options;
    const { maxReceiveBytes = 4 * 1024 * 1024, keepaliveMs = 120_000, pingMs = 10_000, pongMs = 10_000 } = limits;
    const { maxInFlight = 1_000, maxQueued = 20_000, maxConnections = 20, silenceMs = 250 } = limits;
    const createTransport = transportOf(options.transport ?? 'auto', {
      maxReceiveBytes,
      keepaliveMs,
      pingMs,
      pongMs,
      log,
      clock,
    });
    this.#options = options;
    this.#clock = clock;
    this.#prove = caller.secret === undefined ? undefined : createProver(caller.service, caller.secret, clock);
    this.#pool = new Pool({
      service,
      discovery,
      createTransport,
      maxInFlight,
      maxQueued,
      maxConnections,
      silenceMs,
      log,
      clock,
      random,
    });
    const budget = new RetryBudget(options.retry?.budget);
    const maxAttempts = options.retry?.maxAttempts ?? 4;
    const calling = { pool: this.#pool, budget, maxAttempts, clock, random };
    this.#caller = new Caller(calling);
    this.#defaultDeadlineMs = options.defaultDeadlineMs ?? 5_000;
    this.#plain =
      options.interceptors === undefined || options.interceptors.length === 0
        ? { ...calling, ended: (context, code, startedAt) => this.#ended(context, code, startedAt) }
        : undefined;
  }

  unary<Request, Response>(
    method: MethodShape<Request, Response>,
    request: Request,
    options: CallOptions = NONE,
  ): Promise<Response> {
    // Nothing stands between most calls and the wire: they cost one promise.
    if (this.#plain === undefined) return this.#one(method, request, options);
    try {
      const { facts } = this.#way(method);
      const context = this.#context(facts, options, this.#defaultDeadlineMs);
      this.#inFlight += 1;
      return new OutgoingUnary(method, request, context, this.#plain).promise;
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what was thrown
      return Promise.reject(error);
    }
  }

  async clientStream<Request, Response>(
    method: MethodShape<Request, Response>,
    requests: AsyncIterable<Request>,
    options: CallOptions = {},
  ): Promise<Response> {
    return this.#one(method, requests, options);
  }

  serverStream<Request, Response>(
    method: MethodShape<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): AsyncIterable<Response> {
    return this.#many(method, request, options);
  }

  bidi<Request, Response>(
    method: MethodShape<Request, Response>,
    requests: AsyncIterable<Request>,
    options: CallOptions = {},
  ): AsyncIterable<Response> {
    return this.#many(method, requests, options);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    const seeker = { streaming: true, deadline: Infinity, signal, patient: true };
    this.#pool.release(await this.#pool.acquire(seeker, undefined), true, 0, undefined);
  }

  async close(): Promise<void> {
    this.#pool.close();
    this.#closing.abort(new AppError('UNAVAILABLE', 'CHANNEL_CLOSED', 'the channel was closed'));
    if (this.#inFlight === 0) return;
    const idle = Promise.withResolvers<undefined>();
    this.#onIdle = () => idle.resolve(undefined);
    await idle.promise;
  }

  /** A call with one response, inside the interceptors. */
  async #one<Request, Response>(
    method: MethodShape<Request, Response>,
    request: unknown,
    options: CallOptions,
  ): Promise<Response> {
    const { facts, next } = this.#way(method);
    const context = this.#context(facts, options, this.#defaultDeadlineMs);
    const startedAt = this.#clock.monotonic();
    this.#inFlight += 1;
    let code = 'OK';
    try {
      return await (next(request, context) as Promise<Response>);
    } catch (error) {
      ({ code } = AppError.from(error));
      throw error;
    } finally {
      this.#ended(context, code, startedAt);
    }
  }

  /** A call with a stream of responses, inside the interceptors. */
  async *#many<Request, Response>(
    method: MethodShape<Request, Response>,
    request: unknown,
    options: CallOptions,
  ): AsyncGenerator<Response> {
    const { facts, next } = this.#way(method);
    const context = this.#context(facts, options, this.#options.defaultStreamDeadlineMs ?? HOUR_MS);
    const startedAt = this.#clock.monotonic();
    this.#inFlight += 1;
    let code: string = 'CANCELLED';
    try {
      yield* next(request, context) as AsyncIterable<Response>;
      code = 'OK';
    } catch (error) {
      code = AppError.from(error).code;
      throw error;
    } finally {
      this.#ended(context, code, startedAt);
    }
  }

  #way<Request, Response>(method: MethodShape<Request, Response>): Way {
    let way = this.#ways.get(method);
    if (way === undefined) {
      way = { facts: factsOf(method), next: compose(this.#options.interceptors ?? [], this.#caller.next(method)) };
      this.#ways.set(method, way);
    }
    return way;
  }

  #context(facts: MethodFacts, options: CallOptions, defaultDeadlineMs: number): OutgoingContext {
    const closing = facts.kind === 'unary' ? undefined : this.#closing.signal;
    return new OutgoingContext({ facts, options, defaultDeadlineMs, closing, prove: this.#prove, clock: this.#clock });
  }

  #ended({ service, method }: ClientContext, code: string, startedAt: number): void {
    this.#inFlight -= 1;
    const { metrics } = this.#options;
    metrics?.observeCall('client', service, method, code, (this.#clock.monotonic() - startedAt) / 1000);
    if (this.#inFlight === 0) this.#onIdle?.();
  }
}
