import type { AppError } from '@stampede/errors';
import { NOWHERE } from '@stampede/collections';
import type { Metadata } from '../metadata.ts';
import type { Endpoint } from './endpoint.ts';
import type { PlainHead } from './outgoing-context.ts';
import type { SilenceListener } from './pulse.ts';
import type { OutgoingCall, UnaryCall } from './transport.ts';

/** The call that attempts are made of. */
export interface AttemptedCall extends OutgoingCall {
  readonly request: Uint8Array;
  /** Whether it may be made again although this attempt may have been processed: only then is there a point in leaving a silent instance. */
  readonly repeatable: boolean;
  /** The attempt is over, whether or not it still counts: its instance has room again. */
  over(attempt: UnaryAttempt, error: AppError | undefined): void;
  /** It got an answer that counts. */
  answered(response: Uint8Array): void;
  /** It failed, and counts. */
  unanswered(error: AppError, endpoint: Endpoint): void;
  /** Whether the attempt is to be given up, since its instance gives no sign of life. */
  leaves(endpoint: Endpoint): AppError | undefined;
}

/** One attempt of a unary call at one instance. If it is given up, its answer is nobody's. */
export class UnaryAttempt implements UnaryCall, SilenceListener {
  readonly endpoint: Endpoint;
  /** Monotonic ms. */
  readonly sentAt: number;
  /** Its place among those who wait for a sign of life; the pulse's. */
  place = NOWHERE;
  readonly #call: AttemptedCall;
  #left = false;

  constructor(call: AttemptedCall, endpoint: Endpoint, sentAt: number) {
    this.#call = call;
    this.endpoint = endpoint;
    this.sentAt = sentAt;
    if (call.repeatable) endpoint.listen(this);
    endpoint.transport.unary(this);
  }

  get path(): string {
    return this.#call.path;
  }

  get headers(): Metadata {
    return this.#call.headers;
  }

  get plain(): PlainHead | undefined {
    return this.#call.plain;
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  get signal(): AbortSignal | undefined {
    return this.#call.signal;
  }

  get onHeaders(): ((headers: Metadata) => void) | undefined {
    return this.#left ? undefined : this.#call.onHeaders;
  }

  get onTrailers(): ((trailers: Metadata) => void) | undefined {
    return this.#left ? undefined : this.#call.onTrailers;
  }

  get request(): Uint8Array {
    return this.#call.request;
  }

  succeeded(response: Uint8Array): void {
    this.#over(undefined);
    if (!this.#left) this.#call.answered(response);
  }

  failed(error: AppError): void {
    this.#over(error);
    if (!this.#left) this.#call.unanswered(error, this.endpoint);
  }

  fellSilent(): void {
    const why = this.#left ? undefined : this.#call.leaves(this.endpoint);
    if (why === undefined) return;
    this.#left = true;
    this.endpoint.unlisten(this);
    this.#call.unanswered(why, this.endpoint);
  }

  #over(error: AppError | undefined): void {
    if (this.#call.repeatable) this.endpoint.unlisten(this);
    this.#call.over(this, error);
  }
}
