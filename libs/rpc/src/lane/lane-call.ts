import { AppError, CODES } from '@stampede/errors';
import { NOWHERE, type Placed } from '@stampede/collections';
import { abortedBy, readOutcome } from '../client/grpc-failure.ts';
import { withOutcome } from '../client/outcome.ts';
import type { UnaryCall } from '../client/transport.ts';
import { Metadata } from '../metadata.ts';
import { onAbort } from '../on-abort.ts';
import { HEADERS } from '../wire/header-names.ts';
import { decodeError } from '../wire/status-details.ts';
import type { Payload } from './assembly.ts';
import type { FrameReader } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LaneClient } from './lane-client.ts';
import { readBlock } from './metadata-block.ts';
import type { GivenNames, TakenNames } from './names.ts';
import type { Outgoing } from './outbox.ts';
import { FLAG, FRAME } from './protocol.ts';
import { announceRequest, claimOf, writeRequestBlock } from './request-head.ts';

/** Ms; what the wire can say. */
const MAX_TIMEOUT_MS = 2 ** 32 - 1;

/** A call on the client's end of a lane. */
export class LaneCall implements Outgoing, Placed {
  readonly call: UnaryCall;
  readonly #lane: LaneClient;
  readonly #stopListening: (() => void) | undefined;
  /** 0 until it is sent. */
  id = 0;
  /** Its place among the calls that somebody waits for; the lane's. */
  place = NOWHERE;
  /** Whether its request travels in fragments. */
  fragmented = false;
  /** What has arrived of a response in fragments. */
  parts: Payload | undefined;
  #settled = false;
  #failure: AppError | undefined;

  constructor(call: UnaryCall, lane: LaneClient) {
    this.call = call;
    this.#lane = lane;
    this.#stopListening = call.signal && onAbort(call.signal, () => this.#abort());
  }

  get payload(): Uint8Array {
    return this.call.request;
  }

  writeHead(writer: FrameWriter, names: GivenNames, fragmented: boolean): number {
    const { call } = this;
    if (this.#settled) return 0;
    let method: number;
    let user: string | undefined;
    try {
      if (call.request.length > this.#lane.maxRequest) throw tooLarge();
      method = announceRequest(call, this.#lane, writer, names);
      user = claimOf(call);
    } catch (error) {
      this.#settle(undefined, withOutcome(AppError.from(error), 'not-processed'));
      return 0;
    }
    this.id = this.#lane.take(this);
    this.fragmented = fragmented;
    writer.begin(FRAME.call);
    writer.u32(this.id);
    writer.u32(Math.min(MAX_TIMEOUT_MS, Math.max(0, Math.ceil(call.deadline - this.#lane.clock.now()))));
    writer.u16(method);
    writer.u8((fragmented ? FLAG.fragmented : 0) | (user === undefined ? 0 : FLAG.user) | FLAG.headers);
    if (fragmented) writer.u32(call.request.length);
    if (user !== undefined) {
      writer.u16(user.length);
      writer.ascii(user);
    }
    writeRequestBlock(call, writer, names);
    return this.id;
  }

  /** Reads the head of an answer; answers the bytes that follow in fragments. */
  read(reader: FrameReader, refused: boolean, names: TakenNames): number {
    const flags = reader.u8();
    const total = (flags & FLAG.fragmented) === 0 ? 0 : reader.u32();
    const failed = (flags & FLAG.status) !== 0;
    const code = failed ? reader.u8() : CODES.OK;
    const message = failed ? reader.text() : '';
    const headers = (flags & FLAG.headers) === 0 ? undefined : reader.bytes(reader.u16());
    const trailers = (flags & FLAG.trailers) === 0 ? undefined : reader.bytes(reader.u16());
    if (this.#settled) return total;
    const { onHeaders, onTrailers } = this.call;
    if (onHeaders !== undefined && !failed) {
      const received = headers === undefined ? new Metadata() : readBlock(headers, names);
      onHeaders(received.set(HEADERS.instance, this.#lane.instance));
    }
    if (!failed && onTrailers === undefined) return total;
    const received = trailers === undefined ? new Metadata() : readBlock(trailers, names);
    onTrailers?.(received);
    if (failed) {
      const outcome = refused ? 'not-processed' : readOutcome(code, received.get(HEADERS.outcome), true);
      this.#failure = withOutcome(decodeError(code, message, received.get(HEADERS.details)), outcome);
    }
    return total;
  }

  /** The whole answer is there. */
  answered(payload: Buffer): void {
    if (!this.#settled) this.#settle(undefined, this.#failure, payload);
  }

  /** Its deadline has passed. */
  expire(): void {
    const error = new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline passed before the answer came');
    this.#settle(CODES.DEADLINE_EXCEEDED, withOutcome(error, this.#outcome()));
  }

  /** It is taken from this lane, unanswered. */
  detach(): void {
    this.#settled = true;
    this.#stopListening?.();
  }

  #abort(): void {
    const { signal } = this.call;
    if (signal === undefined || this.#settled) return;
    this.#settle(CODES.CANCELLED, withOutcome(abortedBy(signal), this.#outcome()));
  }

  #outcome(): 'unknown' | 'not-processed' {
    return this.id === 0 ? 'not-processed' : 'unknown';
  }

  #settle(code: number | undefined, failure: AppError | undefined, payload?: Buffer): void {
    this.detach();
    this.#lane.settled(this, code);
    if (failure !== undefined) this.call.failed(failure);
    else if (payload !== undefined) this.call.succeeded(payload);
  }
}

function tooLarge(): AppError {
  return new AppError('RESOURCE_EXHAUSTED', 'REQUEST_TOO_LARGE', 'the request is larger than the instance reads');
}
