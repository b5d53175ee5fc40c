import type { AppError } from '@stampede/errors';
import type { Instance } from '../discovery.ts';
import type { Metadata } from '../metadata.ts';
import type { PlainHead } from './outgoing-context.ts';

/**
 * `idle`: not connected, and not trying until asked. `failed`: the last try to connect failed; it tries on by itself.
 * `ready` alone carries calls.
 */
export type TransportState = 'idle' | 'connecting' | 'ready' | 'failed';

/** One call on its way to one instance. */
export interface OutgoingCall {
  readonly path: string;
  /** All of them; made when they are asked for. */
  readonly headers: Metadata;
  /** What the headers would say, if nobody has made them and there is nothing unusual among them. */
  readonly plain: PlainHead | undefined;
  /** Epoch ms. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly onHeaders: ((headers: Metadata) => void) | undefined;
  readonly onTrailers: ((trailers: Metadata) => void) | undefined;
}

/** A call of one message each way; it is told once how it ended. */
export interface UnaryCall extends OutgoingCall {
  readonly request: Uint8Array;
  succeeded(response: Uint8Array): void;
  /** An AppError that `outcomeOf` knows. */
  failed(error: AppError): void;
}

/**
 * Carries calls to one instance. The balancer, the channel and everything above it know no more of the wire than this.
 * Failures are AppErrors that `outcomeOf` knows.
 */
export interface Transport {
  readonly state: TransportState;
  /** Starts connecting where it is idle. */
  connect(): void;
  /** False where the instance said that it does not serve, which it does all the same. */
  readonly serving: boolean;
  unary(call: UnaryCall): void;
  /** Requests are read as fast as the wire takes them, responses as fast as the caller reads; leaving the iterator cancels the call. */
  stream(call: OutgoingCall, request: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array>;
  /** Whether the process at the other end gives a sign of life within `ms`, however busy its handlers are. Never rejects. */
  isAlive(ms: number): Promise<boolean>;
  /** Lets go of the connection; calls under way finish. */
  close(): void;
}

/** Makes the transport to an instance; `changed` is called at each change of its state. */
export type TransportFactory = (instance: Instance, changed: (state: TransportState) => void) => Transport;
