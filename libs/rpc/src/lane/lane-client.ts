import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import { Bag } from '@stampede/collections';
import { withOutcome } from '../client/outcome.ts';
import type { UnaryCall } from '../client/transport.ts';
import { Assembly } from './assembly.ts';
import { FrameReader } from './frame-reader.ts';
import { Heartbeat } from './heartbeat.ts';
import { checkVersion, readHello, writeHello } from './hello.ts';
import { LaneCall } from './lane-call.ts';
import { TakenNames } from './names.ts';
import { Outbox } from './outbox.ts';
import type { Pipe } from './pipe.ts';
import { DRAIN, FRAME, MAX_ID, ProtocolError, VERSION } from './protocol.ts';
import { Soonest } from './soonest.ts';

export interface LaneClientOptions {
  readonly pipe: Pipe;
  readonly clock: Clock;
  readonly service: string;
  /** The instance that is meant; empty if it is not known. */
  readonly instance: string;
  /** Bytes of one response. */
  readonly maxReceiveBytes: number;
  /** Ms between pings, and that their answers may take; the server's HELLO has as long. */
  readonly pingMs: number;
  readonly pongMs: number;
  readonly events: LaneEvents;
}

/** What happens to a lane, told to whoever opened it. */
export interface LaneEvents {
  opened(): void;
  serving(serving: boolean): void;
  /** It takes no more calls. Those in `unsent` were not processed; the others are still answered, or fail when it is closed. */
  drained(reason: 'age' | 'shutdown' | 'used-up', unsent: readonly UnaryCall[]): void;
  /** It is over, and all of its calls are, but for those in `unsent`, which were not processed. */
  closed(why: AppError, unsent: readonly UnaryCall[]): void;
}

/** Bytes of responses in fragments that the server may have under way. */
const WINDOW = 32 * 1024 * 1024;
/** Calls are found by their id in a ring; an id whose place is taken is left out. */
const RING = 8_192;

/** The client's end of a lane. */
export class LaneClient {
  readonly #options: LaneClientOptions;
  readonly #outbox: Outbox;
  readonly #names = new TakenNames();
  readonly #assembly = new Assembly(WINDOW);
  /** Those whose caller waits. */
  readonly #calls = new Bag<LaneCall>();
  /** Those that were sent and are unanswered, whether or not somebody waits for the answer. */
  readonly #ring = Array.from<LaneCall | undefined>({ length: RING });
  readonly #soonest: Soonest;
  readonly #heartbeat: Heartbeat;
  #state: 'opening' | 'open' | 'draining' | 'closed' = 'opening';
  #credits = 0;
  #maxMessage = 0;
  #unanswered = 0;
  #lastId = 0;
  #proof = '';
  #instance = '';

  constructor(options: LaneClientOptions) {
    const { pipe, clock, service, instance, maxReceiveBytes: maxMessage, pingMs, pongMs } = options;
    this.#options = options;
    this.#outbox = new Outbox({
      pipe,
      mayStart: () => this.#unanswered < this.#credits,
      idle: () => this.#unanswered === 0,
      holdsWindow: true,
      relieved: () => this.#relieved(),
    });
    this.#soonest = new Soonest(clock, (now) => this.#sweep(now));
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs: pingMs,
      timeoutMs: pongMs,
      ping: (number) => {
        if (this.#state === 'opening') this.#end(silent('the instance did not answer HELLO'));
        else this.#say(FRAME.ping, number);
      },
      dead: () => this.#end(silent('the instance does not answer')),
    });
    const hello = { lowest: VERSION, highest: VERSION, credits: 0, maxMessage, window: WINDOW, service, instance };
    this.#outbox.control((writer) => writeHello(hello, writer));
  }

  get state(): 'opening' | 'open' | 'draining' | 'closed' {
    return this.#state;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** The instance that answers. */
  get instance(): string {
    return this.#instance;
  }

  /** Bytes of the largest request that the server reads. */
  get maxRequest(): number {
    return this.#maxMessage;
  }

  /** Only while it is opening or open. */
  call(call: UnaryCall): void {
    const entry = new LaneCall(call, this);
    this.#calls.add(entry);
    this.#soonest.watch(call.deadline);
    this.#outbox.send(entry);
  }

  /** Takes no more calls: those that were sent finish. */
  retire(): void {
    this.#drain('age', this.#lastId);
  }

  receive(batch: Buffer): void {
    if (this.#state === 'closed') return;
    try {
      const reader = new FrameReader(batch);
      for (let type = reader.next(); type !== 0; type = reader.next()) this.#frame(type, reader);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(new AppError('INTERNAL', 'LANE_BROKEN', error.message));
    }
    this.#outbox.afterRead();
  }

  /** The stream is gone. */
  lost(why: AppError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#heartbeat.stop();
    this.#soonest.stop();
    const waiting = this.#outbox.close();
    const unsent: UnaryCall[] = [];
    for (const entry of this.#calls.empty()) {
      entry.detach();
      if (waiting.has(entry)) unsent.push(entry.call);
      else entry.call.failed(withOutcome(new AppError('UNAVAILABLE', 'CONNECTION_LOST', why.message), 'unknown'));
    }
    this.#options.events.closed(why, unsent);
  }

  /** Called by a call that is about to be written: its id. */
  take(entry: LaneCall): number {
    let id = this.#lastId + 1;
    while (this.#ring[id % RING] !== undefined) id += 1;
    this.#lastId = id;
    this.#ring[id % RING] = entry;
    this.#unanswered += 1;
    return id;
  }

  /** The proof of the calling service, if it is another than the one before. */
  newProof(proof: string): boolean {
    if (this.#proof === proof) return false;
    this.#proof = proof;
    return true;
  }

  /** Called by a call whose caller does not wait any more. `code` says why where the server is to be told. */
  settled(entry: LaneCall, code?: number): void {
    this.#calls.delete(entry);
    if (code === undefined || entry.id === 0) return;
    this.#outbox.drop(entry);
    this.#outbox.control((writer) => {
      writer.begin(FRAME.cancel);
      writer.u32(entry.id);
      writer.u8(code);
      writer.end();
    });
  }

  #frame(type: number, reader: FrameReader): void {
    if (this.#state === 'opening') {
      if (type !== FRAME.hello) throw new ProtocolError('a lane that does not begin with HELLO');
      this.#hello(reader);
      return;
    }
    switch (type) {
      case FRAME.reply:
      case FRAME.refused:
        this.#reply(this.#entry(reader.u32()), reader, type === FRAME.refused);
        break;
      case FRAME.more:
        this.#more(this.#entry(reader.u32()), reader);
        break;
      case FRAME.name:
        this.#names.take(reader);
        break;
      case FRAME.ping:
        this.#say(FRAME.pong, reader.u32());
        break;
      case FRAME.pong:
        this.#heartbeat.pong(reader.u32());
        break;
      case FRAME.drain: {
        const last = reader.u32();
        this.#drain(reader.u8() === DRAIN.age ? 'age' : 'shutdown', last);
        break;
      }
      case FRAME.health:
        this.#options.events.serving(reader.u8() === 1);
        break;
      case FRAME.hello:
        throw new ProtocolError('a second HELLO');
      default:
    }
  }

  #hello(reader: FrameReader): void {
    const hello = readHello(reader);
    checkVersion(hello);
    const { instance, events } = this.#options;
    if (instance !== '' && hello.instance !== instance) {
      this.#end(new AppError('UNAVAILABLE', 'WRONG_INSTANCE', 'this address serves another instance'));
      return;
    }
    this.#state = 'open';
    this.#instance = hello.instance;
    this.#credits = Math.min(hello.credits, RING / 2);
    this.#maxMessage = hello.maxMessage;
    this.#outbox.window = hello.window;
    events.opened();
  }

  #entry(id: number): LaneCall {
    const entry = this.#ring[id % RING];
    if (entry?.id !== id) throw new ProtocolError(`an answer to call ${id}, which there is not`);
    return entry;
  }

  #reply(entry: LaneCall, reader: FrameReader, refused: boolean): void {
    const total = entry.read(reader, refused, this.#names);
    const payload = reader.rest();
    if (Math.max(total, payload.length) > this.#options.maxReceiveBytes) {
      throw new ProtocolError('a payload that is larger than allowed');
    }
    if (total > 0) entry.parts = this.#assembly.begin(total);
    else this.#answered(entry, payload);
  }

  #more(entry: LaneCall, reader: FrameReader): void {
    const { parts } = entry;
    if (parts === undefined) throw new ProtocolError('a fragment of nothing');
    parts.append(reader.rest());
    if (!parts.complete) return;
    this.#assembly.release(parts);
    this.#answered(entry, parts.bytes);
  }

  #answered(entry: LaneCall, payload: Buffer): void {
    this.#free(entry);
    entry.answered(payload);
  }

  /** Its id, its credit and its part of the window are free again. */
  #free(entry: LaneCall): void {
    this.#ring[entry.id % RING] = undefined;
    this.#unanswered -= 1;
    if (entry.fragmented) this.#outbox.released(entry.payload.length);
    if (this.#lastId > MAX_ID && this.#state === 'open') this.#drain('used-up', this.#lastId);
    else if (this.#unanswered === 0 && this.#state === 'draining') this.#outbox.wake();
  }

  #drain(reason: 'age' | 'shutdown' | 'used-up', lastId: number): void {
    if (this.#state === 'closed') return;
    // Both ends may say so at once: what the server did not accept is known only from its word.
    this.#state = 'draining';
    const waiting = this.#outbox.takeBack((item) => item instanceof LaneCall && item.id <= lastId);
    const unsent: UnaryCall[] = [];
    for (const entry of this.#calls.items()) {
      if (!waiting.has(entry) && entry.id <= lastId) continue;
      entry.detach();
      this.settled(entry);
      unsent.push(entry.call);
    }
    for (const entry of this.#ring) if (entry !== undefined && entry.id > lastId) this.#free(entry);
    this.#outbox.wake();
    this.#options.events.drained(reason, unsent);
  }

  #sweep(now: number): number {
    let soonest = Infinity;
    for (const entry of this.#calls.items()) {
      if (entry.call.deadline <= now) entry.expire();
      else if (entry.call.deadline < soonest) soonest = entry.call.deadline;
    }
    return soonest;
  }

  #relieved(): void {
    if (this.#state !== 'draining' || this.#unanswered > 0 || !this.#outbox.empty) return;
    this.#options.pipe.close();
    this.lost(new AppError('UNAVAILABLE', 'LANE_DRAINED', 'the lane was drained'));
  }

  #say(type: number, number: number): void {
    this.#outbox.control((writer) => {
      writer.begin(type);
      writer.u32(number);
      writer.end();
    });
  }

  #end(why: AppError): void {
    if (this.#state === 'closed') return;
    this.#options.pipe.close(why);
    this.lost(why);
  }
}

function silent(words: string): AppError {
  return new AppError('UNAVAILABLE', 'LANE_SILENT', words);
}
