import { AppError } from '@stampede/errors';
import type { Metadata } from '../metadata.ts';
import type { Arrival } from '../server/arrival.ts';
import type { CallContext } from '../server/call-context.ts';
import { statusOf, type CallStatus } from '../server/call-status.ts';
import type { Dispatcher } from '../server/dispatcher.ts';
import type { ReplySink, ServedCall } from '../server/served-call.ts';
import type { ServedMethod } from '../server/served-method.ts';
import { NOT_PROCESSED, UNKNOWN } from '../wire/header-names.ts';
import type { Payload } from './assembly.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LaneServer } from './lane-server.ts';
import { announceBlock, readBlock, readText, writeBlock } from './metadata-block.ts';
import type { GivenNames, TakenNames } from './names.ts';
import type { Outgoing } from './outbox.ts';
import { FLAG, FRAME } from './protocol.ts';

export interface IncomingCallOptions {
  readonly id: number;
  /** Undefined where there is no such method, or none of one request and one response. */
  readonly method: ServedMethod | undefined;
  /** Epoch ms. */
  readonly deadline: number;
  readonly proof: string | undefined;
  readonly claim: string | undefined;
  /** What it came in, and where its block of headers lies in there; no bytes if there is none. */
  readonly batch: Buffer;
  readonly blockAt: number;
  readonly blockLength: number;
  readonly names: TakenNames;
  readonly instance: string;
  readonly lane: LaneServer;
}

const EMPTY = new Uint8Array(0);

/** A call on the server's end of a lane: what arrived of it, its handler's way to answer, and then the answer itself, on its way out. */
export class IncomingCall implements Arrival, ReplySink, Outgoing {
  readonly id: number;
  readonly deadline: number;
  readonly meant: undefined;
  /** When it is over if it is not answered, or has not arrived, before; epoch ms. */
  due: number;
  /** Bytes that are kept for it. */
  held = 0;
  readonly #options: IncomingCallOptions;
  /** Set while fragments arrive, and until the call is answered. */
  parts: Payload | undefined;
  /** Set while the call waits. */
  request: Buffer | undefined;
  payload: Uint8Array = EMPTY;
  #metadata: Metadata | undefined;
  #served: ServedCall | undefined;
  #answered = false;
  #refused = false;
  #status: CallStatus | undefined;
  #headers: Metadata | undefined;
  #trailers: Metadata | undefined;

  constructor(options: IncomingCallOptions) {
    this.id = options.id;
    this.deadline = this.due = options.deadline;
    this.#options = options;
  }

  get proof(): string | undefined {
    return this.#options.proof;
  }

  get claim(): string | undefined {
    return this.#options.claim;
  }

  /** Read when somebody asks. */
  get metadata(): Metadata {
    const { batch, blockAt, blockLength, names } = this.#options;
    return (this.#metadata ??= readBlock(batch.subarray(blockAt, blockAt + blockLength), names));
  }

  text(key: string): string | undefined {
    if (this.#metadata !== undefined) return this.#metadata.get(key);
    const { batch, blockAt, blockLength, names } = this.#options;
    return readText(batch, blockAt, blockAt + blockLength, names, key);
  }

  /** Answers whether a handler runs. */
  run(dispatcher: Dispatcher, request: Buffer): boolean {
    const { method } = this.#options;
    if (method === undefined) {
      this.refuse(new AppError('UNIMPLEMENTED', 'UNIMPLEMENTED', 'there is no such method here'));
      return false;
    }
    const begun = dispatcher.begin(method, this);
    if (begun.kind === 'refused') {
      this.#refuse(begun.status);
      return false;
    }
    this.#served = begun.call;
    void begun.call.reply(request, this);
    return true;
  }

  /** The caller gave it up, or is gone. */
  cut(reason: AppError): void {
    if (this.#served === undefined) this.refuse(reason);
    else {
      this.#served.cut(reason);
      this.forced(statusOf(reason, this.#options.instance, undefined, UNKNOWN));
    }
  }

  /** Its deadline has passed. */
  expire(reason: AppError): void {
    if (this.#served === undefined) this.refuse(reason);
    else {
      this.#served.ask(reason);
      this.#served.force();
    }
  }

  /** No handler has seen it. */
  refuse(error: AppError): void {
    this.#refuse(statusOf(error, this.#options.instance, undefined, NOT_PROCESSED));
  }

  answered(payload: Uint8Array, context: CallContext): void {
    const { lane, instance } = this.#options;
    if (!this.#answered) {
      this.#headers = context.setHeaders;
      this.#trailers = context.setTrailers;
      if (payload.length <= lane.maxAnswer) this.payload = payload;
      else {
        const error = new AppError(
          'RESOURCE_EXHAUSTED',
          'RESPONSE_TOO_LARGE',
          'the response is larger than its caller reads',
        );
        this.#status = statusOf(error, instance, this.#trailers);
        this.#trailers = this.#status.trailers;
      }
      this.#answer();
    }
    lane.handlerDone();
  }

  failed(status: CallStatus): void {
    this.forced(status);
    this.#options.lane.handlerDone();
  }

  forced(status: CallStatus): void {
    if (this.#answered) return;
    this.#status = status;
    this.#trailers = status.trailers;
    this.#answer();
  }

  writeHead(writer: FrameWriter, names: GivenNames, fragmented: boolean): number {
    this.#announce(names);
    const trailers = this.#trailers;
    writer.begin(this.#refused ? FRAME.refused : FRAME.reply);
    writer.u32(this.id);
    writer.u8(
      (fragmented ? FLAG.fragmented : 0) |
        (this.#headers === undefined ? 0 : FLAG.headers) |
        (trailers === undefined ? 0 : FLAG.trailers) |
        (this.#status === undefined ? 0 : FLAG.status),
    );
    if (fragmented) writer.u32(this.payload.length);
    if (this.#status !== undefined) {
      writer.u8(this.#status.code);
      writer.text(this.#status.message);
    }
    if (this.#headers !== undefined) writeBlock(this.#headers, writer, names);
    if (trailers !== undefined) writeBlock(trailers, writer, names);
    return this.id;
  }

  /** Metadata that is too large is left out of its answer, which then is that. */
  #announce(names: GivenNames): void {
    try {
      if (this.#headers !== undefined) announceBlock(this.#headers, names);
      if (this.#trailers !== undefined) announceBlock(this.#trailers, names);
    } catch (error) {
      this.#headers = undefined;
      this.#status = statusOf(AppError.from(error), this.#options.instance);
      this.#trailers = this.#status.trailers;
      this.#announce(names);
    }
  }

  #refuse(status: CallStatus): void {
    if (this.#answered) return;
    this.#refused = true;
    this.forced(status);
  }

  #answer(): void {
    this.#answered = true;
    this.#options.lane.answer(this);
  }
}
