import grpc from '@grpc/grpc-js';
import { AppError } from '@stampede/errors';
import type { Instance } from '../discovery.ts';
import { HEADERS } from '../wire/header-names.ts';
import { asBuffer, fromGrpc, toGrpc } from '../wire/grpc-metadata.ts';
import { abortedBy, failureOf } from './grpc-failure.ts';
import { GrpcStream } from './grpc-stream.ts';
import { withOutcome } from './outcome.ts';
import type { OutgoingCall, Transport, TransportFactory, TransportState } from './transport.ts';

export interface GrpcTransportOptions {
  /** Bytes of one response message. */
  readonly maxReceiveBytes: number;
  /** Ms after which a silent connection with calls on it is pinged. Longer than any unary deadline: a ping after GOAWAY kills calls that drain (grpc-node#3068). */
  readonly keepaliveMs: number;
}

const STATES: Record<grpc.connectivityState, TransportState> = {
  [grpc.connectivityState.IDLE]: 'idle',
  [grpc.connectivityState.CONNECTING]: 'connecting',
  [grpc.connectivityState.READY]: 'ready',
  [grpc.connectivityState.TRANSIENT_FAILURE]: 'failed',
  [grpc.connectivityState.SHUTDOWN]: 'idle',
};

/** Plain gRPC: one grpc-js channel, hence one connection, an instance. It neither balances nor retries; both are done above. */
export function grpcTransport(options: GrpcTransportOptions): TransportFactory {
  return (instance, changed) => new GrpcTransport(instance, changed, options);
}

class GrpcTransport implements Transport {
  readonly #channel: grpc.Channel;
  readonly #target: string;
  readonly #instance: Instance;
  #closed = false;
  /** Asked to connect; grpc-js takes a moment to begin. */
  #asked = false;

  constructor(instance: Instance, changed: (state: TransportState) => void, options: GrpcTransportOptions) {
    this.#instance = instance;
    this.#channel = new grpc.Channel(targetOf(instance.address), grpc.credentials.createInsecure(), {
      'grpc.enable_channelz': 0,
      'grpc.enable_retries': 0,
      // Without a retry buffer a call is committed to its connection at once, and writing waits for the wire.
      'grpc.per_rpc_retry_buffer_size': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
      'grpc.max_receive_message_length': options.maxReceiveBytes,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.keepalive_time_ms': options.keepaliveMs,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc-node.flow_control_window': 256 * 1024,
    });
    this.#target = this.#channel.getTarget();
    this.#follow(changed);
  }

  get state(): TransportState {
    const state = STATES[this.#channel.getConnectivityState(false)];
    return state === 'idle' && this.#asked ? 'connecting' : state;
  }

  connect(): void {
    if (this.#closed) return;
    this.#asked = true;
    this.#channel.getConnectivityState(true);
  }

  unary(call: OutgoingCall, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal, onHeaders, onTrailers } = call;
      const grpcCall = this.#channel.createCall(call.path, call.deadline, null, null, null);
      let response: Uint8Array | undefined;
      const abort = () => {
        if (signal === undefined) return;
        grpcCall.cancelWithStatus(grpc.status.CANCELLED, 'cancelled by the caller');
        reject(withOutcome(abortedBy(signal), 'unknown'));
      };
      grpcCall.start(this.#headers(call), {
        onReceiveMetadata: (headers) => onHeaders?.(fromGrpc(headers)),
        onReceiveMessage: (message: Buffer) => {
          response = message;
          grpcCall.startRead();
        },
        onReceiveStatus: (status) => {
          signal?.removeEventListener('abort', abort);
          onTrailers?.(fromGrpc(status.metadata));
          if (status.code !== grpc.status.OK) reject(failureOf(status, grpcCall.getPeer() !== this.#target));
          else if (response === undefined) reject(noResponse());
          else resolve(response);
        },
      });
      grpcCall.startRead();
      grpcCall.sendMessageWithContext({}, asBuffer(request));
      grpcCall.halfClose();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  stream(call: OutgoingCall, request: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
    const grpcCall = this.#channel.createCall(call.path, call.deadline, null, null, null);
    return new GrpcStream(grpcCall, this.#headers(call), this.#target, call, request);
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
  }

  #headers(call: OutgoingCall): grpc.Metadata {
    const headers = toGrpc(call.headers);
    if (this.#instance.id !== this.#instance.address) headers.set(HEADERS.instance, this.#instance.id);
    return headers;
  }

  #follow(changed: (state: TransportState) => void): void {
    const current = this.#channel.getConnectivityState(false);
    this.#channel.watchConnectivityState(current, Infinity, () => {
      if (this.#closed) return;
      this.#asked = false;
      this.#follow(changed);
      changed(this.state);
    });
  }
}

function noResponse(): AppError {
  return withOutcome(new AppError('INTERNAL', 'NO_RESPONSE', 'the server said OK and sent no response'), 'unknown');
}

/** grpc-js's name for an address; an address in brackets or of digits needs no resolver that waits. */
function targetOf(address: string): string {
  if (address.startsWith('[')) return `ipv6:${address}`;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(address) ? `ipv4:${address}` : `dns:${address}`;
}
