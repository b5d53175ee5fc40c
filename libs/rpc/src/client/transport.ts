import type { Instance } from '../discovery.ts';
import type { Metadata } from '../metadata.ts';

/**
 * `idle`: not connected, and not trying until asked. `failed`: the last try to connect failed; it tries on by itself.
 * `ready` alone carries calls.
 */
export type TransportState = 'idle' | 'connecting' | 'ready' | 'failed';

/** One call on its way to one instance. */
export interface OutgoingCall {
  readonly path: string;
  readonly headers: Metadata;
  /** Epoch ms. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly onHeaders: ((headers: Metadata) => void) | undefined;
  readonly onTrailers: ((trailers: Metadata) => void) | undefined;
}

/**
 * Carries calls to one instance. The balancer, the channel and everything above it know no more of the wire than this.
 * Failures are AppErrors that `outcomeOf` knows.
 */
export interface Transport {
  readonly state: TransportState;
  /** Starts connecting where it is idle. */
  connect(): void;
  /** One message each way. */
  unary(call: OutgoingCall, request: Uint8Array): Promise<Uint8Array>;
  /** Requests are read as fast as the wire takes them, responses as fast as the caller reads; leaving the iterator cancels the call. */
  stream(call: OutgoingCall, request: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array>;
  /** Lets go of the connection; calls under way finish. */
  close(): void;
}

/** Makes the transport to an instance; `changed` is called at each change of its state. */
export type TransportFactory = (instance: Instance, changed: (state: TransportState) => void) => Transport;
