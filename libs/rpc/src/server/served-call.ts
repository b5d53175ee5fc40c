import { AppError, CODES, codeOf } from '@stampede/errors';
import { NOWHERE, type Placed } from '@stampede/collections';
import { UNKNOWN } from '../wire/header-names.ts';
import type { CallContext } from './call-context.ts';
import { statusOf, statusOk, type CallStatus } from './call-status.ts';
import type { ServedMethod } from './served-method.ts';

/** Where the answer of a method with one response goes: `forced` may come before one of the others, and stands for it. */
export interface ReplySink {
  /** The handler is done; what it set of headers and trailers is in the context. */
  answered(payload: Uint8Array, context: CallContext): void;
  /** The handler has failed. */
  failed(status: CallStatus): void;
  /** The call is over, whatever its handler still does. */
  forced(status: CallStatus): void;
}

export interface ServedCallHooks {
  readonly instance: string;
  /** Called once, when the status is known: the handler is done, or the call was cut short. */
  ended(call: ServedCall, code: string): void;
  /** Called once, when the handler is done, however late. */
  settled(call: ServedCall): void;
  /** Called for a failure that nobody foresaw. */
  unexpected(call: ServedCall, error: AppError): void;
}

/** One call that was let in, between a transport (which owns it and its timers) and a handler. */
export class ServedCall implements Placed {
  readonly context: CallContext;
  readonly method: ServedMethod;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Its place among the calls in flight; the dispatcher's. */
  place = NOWHERE;
  /** Cancels the timer that ends a stream; the dispatcher's. */
  stopTimer: (() => void) | undefined;
  readonly #hooks: ServedCallHooks;
  #ended = false;
  #sink: Pick<ReplySink, 'forced'> | undefined;

  constructor(method: ServedMethod, context: CallContext, hooks: ServedCallHooks, startedAt: number) {
    this.startedAt = startedAt;
    this.method = method;
    this.context = context;
    this.#hooks = hooks;
  }

  /** Runs the handler of a method with one response. Rejects only if the sink throws. */
  async reply(request: Uint8Array | AsyncIterable<Uint8Array>, sink: ReplySink): Promise<void> {
    this.#sink = sink;
    let payload: Uint8Array;
    try {
      const response = await (this.#start(request) as Promise<unknown>);
      payload = this.method.encode(response);
      this.#end('OK');
    } catch (thrown) {
      const status = this.#failed(thrown);
      this.#hooks.settled(this);
      sink.failed(status);
      return;
    }
    this.#hooks.settled(this);
    sink.answered(payload, this.context);
  }

  /** Runs the handler of a method that streams responses; returns the status. Never throws. */
  async *stream(request: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, CallStatus> {
    try {
      for await (const response of this.#start(request) as AsyncIterable<unknown>) yield this.method.encode(response);
      if (this.context.cutBy !== undefined) return this.#failed(this.context.cutBy);
      this.#end('OK');
      return statusOk(this.context.setTrailers);
    } catch (thrown) {
      return this.#failed(thrown);
    } finally {
      this.#hooks.settled(this);
    }
  }

  /** Called by the transport when the peer cancelled or the deadline passed. Without effect once the call has ended. */
  cut(reason: AppError): void {
    if (this.#ended) return;
    this.context.cancel(reason);
    this.#end(reason.code);
  }

  /** Asks a stream to end; see `force`. */
  ask(reason: AppError): void {
    if (!this.#ended) this.context.cancel(reason);
  }

  /** Ends a stream that was asked to and did not, with the reason it was asked. */
  force(): void {
    if (this.#ended || this.context.cutBy === undefined) return;
    this.#sink?.forced(this.#failed(this.context.cutBy));
  }

  /** For a stream: `sink.forced` sends a status over the handler's head. */
  whenForced(sink: Pick<ReplySink, 'forced'>): void {
    this.#sink = sink;
  }

  #start(request: Uint8Array | AsyncIterable<Uint8Array>): unknown {
    const { method, context } = this;
    const message = Symbol.asyncIterator in request ? decoded(request, method) : method.decode(request);
    return method.handle(message, context);
  }

  #end(code: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.ended(this, code);
  }

  #failed(thrown: unknown): CallStatus {
    const { context } = this;
    const error = AppError.from(thrown);
    const late = this.#ended || context.cutBy !== undefined;
    if (!late && (error.code === 'INTERNAL' || error.code === 'UNKNOWN' || error.code === 'DATA_LOSS')) {
      this.#hooks.unexpected(this, error);
    }
    const told = late ? (context.cutBy ?? error) : error;
    const status = statusOf(told, this.#hooks.instance, context.setTrailers, late ? UNKNOWN : undefined);
    this.#end(status.code === CODES.OK ? 'OK' : codeOf(status.code));
    return status;
  }
}

async function* decoded(requests: AsyncIterable<Uint8Array>, method: ServedMethod): AsyncGenerator {
  for await (const bytes of requests) yield method.decode(bytes);
}
