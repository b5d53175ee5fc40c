import grpc from '@grpc/grpc-js';
import { AppError } from '@stampede/errors';
import type { Instance } from '../discovery.ts';
import { onAbort } from '../on-abort.ts';
import { Metadata } from '../metadata.ts';
import { HEADERS } from '../wire/header-names.ts';
import { asBuffer, fromGrpc, toGrpc } from '../wire/grpc-metadata.ts';
import { abortedBy, failureOf } from './grpc-failure.ts';
import { GrpcStream } from './grpc-stream.ts';
import { outcomeOf, withOutcome } from './outcome.ts';
import type { OutgoingCall, Transport, TransportFactory, TransportState, UnaryCall } from './transport.ts';

export type GrpcCall = ReturnType<grpc.Channel['createCall']>;

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

/** A question that every gRPC server answers at once, if only by saying that it has no such method. */
const SIGN_OF_LIFE = '/grpc.health.v1.Health/Check';

/** Plain gRPC: one grpc-js channel, hence one connection, an instance. It neither balances nor retries; both are done above. */
export function grpcTransport(options: GrpcTransportOptions): TransportFactory {
  return (instance, changed) => new GrpcTransport(instance, changed, options);
}

export class GrpcTransport implements Transport {
  /** Plain gRPC does not say. */
  readonly serving = true;
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

  unary(call: UnaryCall): void {
    const { signal, onHeaders, onTrailers } = call;
    const grpcCall = this.#channel.createCall(call.path, call.deadline, null, null, null);
    let response: Uint8Array | undefined;
    let over = false;
    const abort = () => {
      if (signal === undefined || over) return;
      over = true;
      grpcCall.cancelWithStatus(grpc.status.CANCELLED, 'cancelled by the caller');
      call.failed(withOutcome(abortedBy(signal), 'unknown'));
    };
    grpcCall.start(this.#headers(call), {
      onReceiveMetadata: (headers) => onHeaders?.(fromGrpc(headers)),
      onReceiveMessage: (message: Buffer) => {
        response = message;
        grpcCall.startRead();
      },
      onReceiveStatus: (status) => {
        stopListening?.();
        if (over) return;
        over = true;
        onTrailers?.(fromGrpc(status.metadata));
        if (status.code !== grpc.status.OK) call.failed(failureOf(status, grpcCall.getPeer() !== this.#target));
        else if (response === undefined) call.failed(noResponse());
        else call.succeeded(response);
      },
    });
    grpcCall.startRead();
    grpcCall.sendMessageWithContext({}, asBuffer(call.request));
    grpcCall.halfClose();
    const stopListening = signal && onAbort(signal, abort);
  }

  stream(call: OutgoingCall, request: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
    const grpcCall = this.#channel.createCall(call.path, call.deadline, null, null, null);
    return new GrpcStream(grpcCall, this.#headers(call), this.#target, call, request);
  }

  isAlive(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const question: UnaryCall = {
        path: SIGN_OF_LIFE,
        headers: new Metadata(),
        plain: undefined,
        deadline: Date.now() + ms,
        signal: undefined,
        onHeaders: undefined,
        onTrailers: undefined,
        request: new Uint8Array(),
        succeeded: () => resolve(true),
        failed: (error) => resolve(outcomeOf(error) === 'answered'),
      };
      this.unary(question);
    });
  }

  /** A stream of bytes that is no call: no deadline, and no headers but its own. */
  open(path: string): GrpcCall {
    return this.#channel.createCall(path, Infinity, null, null, null);
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
