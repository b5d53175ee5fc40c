import { AppError } from '@stampede/errors';
import type { MethodShape } from '../definition.ts';
import type { Metadata } from '../metadata.ts';
import type { ClientContext } from './call-options.ts';
import type { Endpoint } from './endpoint.ts';
import { abortedBy } from './grpc-failure.ts';
import { decodeResponse, encodeRequest } from './messages.ts';
import { withOutcome } from './outcome.ts';
import type { OutgoingContext, PlainHead } from './outgoing-context.ts';
import { Attempts, type RetryOptions } from './retry.ts';
import { UnaryAttempt, type AttemptedCall } from './unary-attempt.ts';

export interface UnaryOptions extends RetryOptions {
  /** Called when the call is over, before its caller is told; `startedAt` in monotonic ms. */
  readonly ended?: (context: ClientContext, code: string, startedAt: number) => void;
}

/**
 * One unary call on its way, with all its attempts. Callbacks, and one promise: what every call pays for is made by hand here, what only a retry
 * needs is made when there is one.
 */
export class OutgoingUnary<Request, Response> implements AttemptedCall {
  readonly promise: Promise<Response>;
  /** Bytes; empty, and never sent, if the request could not be written. */
  readonly request: Uint8Array;
  readonly #method: MethodShape<Request, Response>;
  readonly #context: ClientContext & Partial<Pick<OutgoingContext, 'plain'>>;
  readonly #options: UnaryOptions;
  readonly #startedAt: number;
  #resolve!: (response: Response) => void;
  #reject!: (error: AppError) => void;
  #made: Attempts | undefined;

  constructor(
    method: MethodShape<Request, Response>,
    request: Request,
    context: ClientContext & Partial<Pick<OutgoingContext, 'plain'>>,
    options: UnaryOptions,
  ) {
    this.#method = method;
    this.#context = context;
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    options.budget.earn();
    try {
      this.request = encodeRequest(method, request);
    } catch (error) {
      this.request = new Uint8Array(0);
      this.#fail(AppError.from(error));
      return;
    }
    this.#attempt();
  }

  get path(): string {
    return this.#method.path;
  }

  get headers(): Metadata {
    return this.#context.metadata;
  }

  get plain(): PlainHead | undefined {
    return this.#context.plain;
  }

  get deadline(): number {
    return this.#context.deadline;
  }

  get signal(): AbortSignal | undefined {
    return this.#context.signal;
  }

  get onHeaders(): ((headers: Metadata) => void) | undefined {
    return this.#context.onHeaders;
  }

  get onTrailers(): ((trailers: Metadata) => void) | undefined {
    return this.#context.onTrailers;
  }

  get repeatable(): boolean {
    return this.#context.idempotency !== undefined;
  }

  over({ endpoint, sentAt }: UnaryAttempt, error: AppError | undefined): void {
    const { pool, clock } = this.#options;
    const now = clock.monotonic();
    pool.release(endpoint, false, now - sentAt, error, now);
  }

  answered(bytes: Uint8Array): void {
    let response: Response;
    try {
      response = decodeResponse(this.#method, bytes);
    } catch (error) {
      this.#fail(AppError.from(error));
      return;
    }
    this.#options.ended?.(this.#context, 'OK', this.#startedAt);
    this.#resolve(response);
  }

  unanswered(error: AppError, endpoint: Endpoint): void {
    void this.#again(error, endpoint);
  }

  leaves(endpoint: Endpoint): AppError | undefined {
    if (!this.#attempts().leave(endpoint)) return undefined;
    return withOutcome(new AppError('UNAVAILABLE', 'INSTANCE_SILENT', 'the instance gives no sign of life'), 'unknown');
  }

  #attempt(): void {
    const { signal, deadline, key } = this.#context;
    if (signal?.aborted === true) {
      void this.#again(withOutcome(abortedBy(signal), 'not-processed'), undefined);
      return;
    }
    if (this.#context.remainingMs() <= 0) {
      void this.#again(tooLate(), undefined);
      return;
    }
    const found = this.#options.pool.acquire({ streaming: false, deadline, signal, key }, this.#made?.avoid);
    if (found instanceof Promise) {
      found.then(
        (endpoint) => new UnaryAttempt(this, endpoint, this.#options.clock.monotonic()),
        (error: unknown) => void this.#again(AppError.from(error), undefined),
      );
    } else new UnaryAttempt(this, found, this.#made === undefined ? this.#startedAt : this.#options.clock.monotonic());
  }

  #attempts(): Attempts {
    return (this.#made ??= new Attempts(this.#context, this.#options));
  }

  async #again(error: AppError, endpoint: Endpoint | undefined): Promise<void> {
    try {
      await this.#attempts().next(error, endpoint, true);
    } catch (told) {
      this.#fail(AppError.from(told));
      return;
    }
    this.#attempt();
  }

  #fail(error: AppError): void {
    this.#options.ended?.(this.#context, error.code, this.#startedAt);
    this.#reject(error);
  }
}

export function tooLate(): AppError {
  const error = new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline passed before the call was sent');
  return withOutcome(error, 'not-processed');
}
