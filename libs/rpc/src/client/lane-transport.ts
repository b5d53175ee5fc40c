import grpc from '@grpc/grpc-js';
import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import type { Instance } from '../discovery.ts';
import { LaneClient } from '../lane/lane-client.ts';
import type { Pipe } from '../lane/pipe.ts';
import { LANE_PATH } from '../lane/protocol.ts';
import { failureOf } from './grpc-failure.ts';
import { GrpcTransport, type GrpcTransportOptions } from './grpc-transport.ts';
import { withOutcome } from './outcome.ts';
import type { OutgoingCall, Transport, TransportFactory, TransportState, UnaryCall } from './transport.ts';

export interface LaneTransportOptions extends GrpcTransportOptions {
  /** Whether calls go by plain gRPC where the instance opens no lane. */
  readonly fallback: boolean;
  readonly log: Logger;
  readonly clock: Clock;
  /** Ms between pings, and that their answers may take. */
  readonly pingMs: number;
  readonly pongMs: number;
}

/** Unary calls over one lane an instance, opened with the first of them; streams over plain gRPC, on the same connection. */
export function laneTransport(options: LaneTransportOptions): TransportFactory {
  return (instance, changed) => new LaneTransport(instance, changed, options);
}

class LaneTransport implements Transport {
  readonly #instance: Instance;
  readonly #changed: (state: TransportState) => void;
  readonly #options: LaneTransportOptions;
  #grpc: GrpcTransport;
  /** The one that takes calls. Others may finish theirs. */
  #lane: LaneClient | undefined;
  #unsupported = false;
  #serving = true;
  #closed = false;

  constructor(instance: Instance, changed: (state: TransportState) => void, options: LaneTransportOptions) {
    this.#instance = instance;
    this.#changed = changed;
    this.#options = options;
    this.#grpc = this.#connection();
  }

  get state(): TransportState {
    return this.#grpc.state;
  }

  get serving(): boolean {
    return this.#serving;
  }

  connect(): void {
    this.#grpc.connect();
  }

  unary(call: UnaryCall): void {
    if (this.#unsupported) this.#grpc.unary(call);
    else (this.#lane ??= this.#open()).call(call);
  }

  stream(call: OutgoingCall, request: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
    return this.#grpc.stream(call, request);
  }

  isAlive(ms: number): Promise<boolean> {
    return this.#grpc.isAlive(ms);
  }

  close(): void {
    this.#closed = true;
    this.#lane?.retire();
    this.#grpc.close();
  }

  /** A lane stays with the connection that it was opened on; when that goes away, the next one is opened on another. */
  #connection(): GrpcTransport {
    const connection: GrpcTransport = new GrpcTransport(
      this.#instance,
      (state) => {
        if (connection !== this.#grpc) return;
        if (state !== 'ready') this.#lane?.retire();
        this.#changed(state);
      },
      this.#options,
    );
    return connection;
  }

  #open(): LaneClient {
    const { clock, maxReceiveBytes, pingMs, pongMs } = this.#options;
    const { id, service, address } = this.#instance;
    const connection = this.#grpc;
    const stream = connection.open(LANE_PATH);
    let opened = false;
    const pipe: Pipe = {
      send: (message, sent) => stream.sendMessageWithContext({ callback: () => sent() }, message),
      close(why) {
        if (why === undefined) stream.halfClose();
        else stream.cancelWithStatus(grpc.status.CANCELLED, why.message);
      },
    };
    const lane: LaneClient = new LaneClient({
      pipe,
      clock,
      service,
      instance: id === address ? '' : id,
      maxReceiveBytes,
      pingMs,
      pongMs,
      events: {
        opened: () => (opened = true),
        serving: (serving) => (this.#serving = serving),
        drained: (reason, unsent) => {
          if (this.#lane === lane) this.#lane = undefined;
          if (reason === 'shutdown' || this.#closed) refuse(unsent, 'DRAINING', 'the instance is shutting down');
          else for (const call of unsent) this.unary(call);
        },
        closed: (why, unsent) => {
          if (this.#lane === lane) this.#lane = undefined;
          this.#lost(why, unsent, connection, opened);
        },
      },
    });
    const target = stream.getPeer();
    stream.start(new grpc.Metadata(), {
      onReceiveMetadata: () => undefined,
      onReceiveMessage(batch: Buffer) {
        stream.startRead();
        lane.receive(batch);
      },
      onReceiveStatus(status) {
        if (status.code === grpc.status.OK) lane.lost(new AppError('UNAVAILABLE', 'CONNECTION_LOST', 'the lane ended'));
        else lane.lost(failureOf(status, stream.getPeer() !== target));
      },
    });
    stream.startRead();
    return lane;
  }

  #lost(why: AppError, unsent: readonly UnaryCall[], connection: GrpcTransport, opened: boolean): void {
    const { fallback, log } = this.#options;
    if (!opened && isUnsupported(why)) {
      if (fallback) {
        if (!this.#unsupported) {
          log.warn({ instanceId: this.#instance.id, err: why }, 'no lane to this instance: plain gRPC instead');
        }
        this.#unsupported = true;
        for (const call of unsent) this.#grpc.unary(call);
        return;
      }
      refuse(unsent, 'LANE_UNSUPPORTED', why.message);
      return;
    }
    if (why.reason === 'LANE_SILENT') this.#reconnect(connection);
    refuse(unsent, why.code === 'UNAVAILABLE' ? why.reason : 'CONNECTION_FAILED', why.message);
  }

  /** Gives up a connection on which nobody answers, with all that is on it. */
  #reconnect(connection: GrpcTransport): void {
    if (this.#closed || connection !== this.#grpc) return;
    this.#grpc = this.#connection();
    connection.close();
    this.#changed(this.state);
  }
}

function isUnsupported({ code, reason }: AppError): boolean {
  return code === 'UNIMPLEMENTED' || code === 'INVALID_ARGUMENT' || reason === 'LANE_BROKEN';
}

function refuse(calls: readonly UnaryCall[], reason: string, words: string): void {
  for (const call of calls) call.failed(withOutcome(new AppError('UNAVAILABLE', reason, words), 'not-processed'));
}
