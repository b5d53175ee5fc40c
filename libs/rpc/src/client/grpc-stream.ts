import grpc from '@grpc/grpc-js';
import { asBuffer, fromGrpc } from '../wire/grpc-metadata.ts';
import { abortedBy, failureOf } from './grpc-failure.ts';
import { withOutcome } from './outcome.ts';
import type { OutgoingCall } from './transport.ts';

type GrpcCall = ReturnType<grpc.Channel['createCall']>;
type Result = IteratorResult<Uint8Array, undefined>;

/** A streaming call on grpc-js: pulls a response only when somebody waits for one, and pushes requests as the wire takes them. */
export class GrpcStream implements AsyncIterableIterator<Uint8Array> {
  readonly #call: GrpcCall;
  readonly #signal: AbortSignal | undefined;
  readonly #arrived: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<Result> | undefined;
  #end: { readonly error?: unknown } | undefined;
  #sent: (() => void) | undefined;
  #requests: AsyncIterator<Uint8Array> | undefined;

  constructor(
    call: GrpcCall,
    headers: grpc.Metadata,
    target: string,
    { signal, onHeaders, onTrailers }: OutgoingCall,
    request: Uint8Array | AsyncIterable<Uint8Array>,
  ) {
    this.#call = call;
    this.#signal = signal;
    call.start(headers, {
      onReceiveMetadata: (received) => onHeaders?.(fromGrpc(received)),
      onReceiveMessage: (message: Buffer) => this.#arrive(message),
      onReceiveStatus: (status) => {
        onTrailers?.(fromGrpc(status.metadata));
        if (status.code === grpc.status.OK) this.#finish({});
        else this.#finish({ error: failureOf(status, call.getPeer() !== target) });
      },
    });
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (Symbol.asyncIterator in request) {
      this.#requests = request[Symbol.asyncIterator]();
      void this.#pump(this.#requests);
    } else {
      call.sendMessageWithContext({}, asBuffer(request));
      call.halfClose();
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    const value = this.#arrived.shift();
    if (value !== undefined) return { done: false, value };
    if (this.#end !== undefined) {
      if ('error' in this.#end) throw this.#end.error;
      return { done: true, value: undefined };
    }
    this.#waiting ??= Promise.withResolvers();
    this.#call.startRead();
    return this.#waiting.promise;
  }

  async return(): Promise<Result> {
    this.#call.cancelWithStatus(grpc.status.CANCELLED, 'the reader left');
    this.#arrived.length = 0;
    this.#finish({});
    return Promise.resolve({ done: true, value: undefined });
  }

  #arrive(message: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#arrived.push(message);
    else waiting.resolve({ done: false, value: message });
  }

  #finish(end: { error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#sent?.();
    this.#requests?.return?.().catch(() => undefined);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ('error' in end) waiting?.reject(end.error);
    else waiting?.resolve({ done: true, value: undefined });
  }

  readonly #abort = (): void => {
    if (this.#signal === undefined) return;
    this.#call.cancelWithStatus(grpc.status.CANCELLED, 'cancelled by the caller');
    this.#finish({ error: withOutcome(abortedBy(this.#signal), 'unknown') });
  };

  async #pump(requests: AsyncIterator<Uint8Array>): Promise<void> {
    try {
      while (this.#end === undefined) {
        const next = await requests.next();
        if (this.#over()) return;
        if (next.done === true) break;
        await this.#send(next.value);
      }
      this.#call.halfClose();
    } catch (error) {
      this.#call.cancelWithStatus(grpc.status.CANCELLED, 'the requests failed');
      this.#finish({ error });
    }
  }

  #over(): boolean {
    return this.#end !== undefined;
  }

  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#sent = resolve;
      this.#call.sendMessageWithContext({ callback: () => resolve() }, asBuffer(bytes));
    });
  }
}
