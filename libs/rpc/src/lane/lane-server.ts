import { Table } from '@stampede/collections';
import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import { seededHash } from '../client/hash.ts';
import type { Dispatcher } from '../server/dispatcher.ts';
import type { ServedMethod } from '../server/served-method.ts';
import { Assembly } from './assembly.ts';
import { FrameReader } from './frame-reader.ts';
import type { HeldRequests } from './held-requests.ts';
import { Heartbeat } from './heartbeat.ts';
import { checkVersion, readHello, writeHello, type Hello } from './hello.ts';
import { IncomingCall } from './incoming-call.ts';
import { TakenNames } from './names.ts';
import { Outbox } from './outbox.ts';
import type { Pipe } from './pipe.ts';
import { DRAIN, FLAG, FRAME, ProtocolError, VERSION } from './protocol.ts';
import { Soonest } from './soonest.ts';

export interface LaneServerLimits {
  /** Calls that a client may have unanswered, and handlers that run for one lane at once. */
  readonly credits: number;
  /** Handlers that run in the whole server at once, for lanes or not; further calls are refused as not processed. */
  readonly maxCalls: number;
  /** Bytes of one request. */
  readonly maxReceiveBytes: number;
  /** Ms that a request may take to arrive. */
  readonly receiveMs: number;
  /** Ms after which a lane is ended, so that the next one may go over a new connection. */
  readonly ageMs: number;
  /** Ms between pings, and that their answers may take; a client has as long for its HELLO. */
  readonly pingMs: number;
  readonly pongMs: number;
}

export interface LaneServerOptions {
  readonly service: string;
  readonly instance: string;
  readonly dispatcher: Dispatcher;
  /** The unary methods by their paths. */
  readonly methods: ReadonlyMap<string, ServedMethod>;
  readonly limits: LaneServerLimits;
  /** Shared by the lanes of a server. */
  readonly held: HeldRequests;
  readonly serving: boolean;
  readonly clock: Clock;
  readonly pipe: Pipe;
}

/** Bytes of requests in fragments that are unanswered. */
const WINDOW = 32 * 1024 * 1024;
/** Ms; what a timer can count. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The server's end of a lane. Every call that it accepts is answered once, be it cancelled, for as long as the lane lives. */
export class LaneServer {
  readonly #options: LaneServerOptions;
  readonly #outbox: Outbox;
  readonly #names = new TakenNames();
  readonly #assembly = new Assembly(WINDOW);
  /** Calls without an answer. */
  readonly #calls = new Table<number, IncomingCall>(seededHash());
  /** Whole ones that wait for a handler to be done, or for the peer to read. */
  #held: IncomingCall[] = [];
  readonly #soonest: Soonest;
  readonly #heartbeat: Heartbeat;
  readonly #cancelAge: () => void;
  #peer: Hello | undefined;
  #proof: string | undefined;
  #lastId = 0;
  /** Handlers that are not done. */
  #running = 0;
  #draining = false;
  #closed = false;

  constructor(options: LaneServerOptions) {
    const { clock, limits, pipe } = options;
    this.#options = options;
    this.#outbox = new Outbox({
      pipe,
      mayStart: () => true,
      idle: () => false,
      holdsWindow: false,
      relieved: () => this.#relieved(),
    });
    this.#soonest = new Soonest(clock, (now) => this.#sweep(now));
    this.#cancelAge = clock.schedule(limits.ageMs, () => this.drain(DRAIN.age));
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs: limits.pingMs,
      timeoutMs: limits.pongMs,
      ping: (number) => {
        if (this.#peer === undefined) this.#end('no hello');
        else this.#say(FRAME.ping, number);
      },
      dead: () => this.#end('the peer does not answer'),
    });
  }

  receive(batch: Buffer): void {
    if (this.#closed) return;
    try {
      const reader = new FrameReader(batch);
      for (let type = reader.next(); type !== 0; type = reader.next()) this.#frame(type, reader);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error.message);
    }
    this.#outbox.afterRead();
  }

  /** Accepts no more calls; ends when those it accepted are answered. */
  drain(reason: (typeof DRAIN)[keyof typeof DRAIN]): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    this.#outbox.control((writer) => {
      writer.begin(FRAME.drain);
      writer.u32(this.#lastId);
      writer.u8(reason);
      writer.end();
    });
  }

  setServing(serving: boolean): void {
    if (!this.#closed) this.#health(serving);
  }

  /** The client has nothing more to say. */
  ended(): void {
    this.#draining = true;
    this.#outbox.wake();
  }

  /** The stream is gone. */
  lost(): void {
    if (this.#closed) return;
    this.#stop();
    for (const call of this.#calls.entries()) call.cut(new AppError('CANCELLED', 'CANCELLED', 'the caller is gone'));
    this.#calls.clear();
  }

  #frame(type: number, reader: FrameReader): void {
    if (this.#peer === undefined) {
      if (type !== FRAME.hello) throw new ProtocolError('a lane that does not begin with HELLO');
      this.#hello(readHello(reader));
      return;
    }
    switch (type) {
      case FRAME.call:
        this.#call(reader);
        break;
      case FRAME.more:
        this.#more(reader.u32(), reader);
        break;
      case FRAME.cancel:
        this.#cancel(reader.u32(), reader.u8());
        break;
      case FRAME.name:
        this.#names.take(reader);
        break;
      case FRAME.identity:
        this.#proof = reader.text() || undefined;
        break;
      case FRAME.ping:
        this.#say(FRAME.pong, reader.u32());
        break;
      case FRAME.pong:
        this.#heartbeat.pong(reader.u32());
        break;
      case FRAME.hello:
        throw new ProtocolError('a second HELLO');
      default:
    }
  }

  #hello(hello: Hello): void {
    checkVersion(hello);
    const { service, instance, limits, pipe, serving } = this.#options;
    if (hello.instance !== '' && hello.instance !== instance) {
      this.#stop();
      pipe.close(new AppError('UNAVAILABLE', 'WRONG_INSTANCE', 'this address serves another instance'));
      return;
    }
    this.#peer = hello;
    this.#outbox.window = hello.window;
    const { credits, maxReceiveBytes: maxMessage } = limits;
    const mine = { lowest: VERSION, highest: VERSION, credits, maxMessage, window: WINDOW, service, instance };
    this.#outbox.control((writer) => writeHello(mine, writer));
    this.#health(serving);
  }

  #call(reader: FrameReader): void {
    const id = reader.u32();
    if (id <= this.#lastId && !this.#draining) throw new ProtocolError(`call ${id} after call ${this.#lastId}`);
    // What comes after DRAIN was not accepted: the client knows.
    if (this.#draining) return;
    const { limits, clock, methods, instance } = this.#options;
    if (this.#calls.size >= limits.credits) throw new ProtocolError('more calls than credits');
    this.#lastId = id;
    const timeoutMs = Math.min(reader.u32(), MAX_TIMEOUT_MS);
    const path = this.#names.get(reader.u16());
    const flags = reader.u8();
    const total = (flags & FLAG.fragmented) === 0 ? 0 : reader.u32();
    const claim = (flags & FLAG.user) === 0 ? undefined : reader.ascii(reader.u16());
    const blockLength = (flags & FLAG.headers) === 0 ? 0 : reader.u16();
    const blockAt = reader.skip(blockLength);
    const payload = reader.rest();
    const call = new IncomingCall({
      id,
      method: path === undefined ? undefined : methods.get(path),
      deadline: clock.now() + timeoutMs,
      proof: this.#proof,
      claim,
      batch: reader.batch,
      blockAt,
      blockLength,
      names: this.#names,
      instance,
      lane: this,
    });
    this.#calls.set(call);
    if (total > limits.maxReceiveBytes || payload.length > limits.maxReceiveBytes) {
      throw new ProtocolError('a payload that is larger than allowed');
    }
    if (total === 0) this.#accept(call, payload);
    else if (this.#hold(call, total)) {
      call.parts = this.#assembly.begin(total);
      call.due = Math.min(call.deadline, clock.now() + limits.receiveMs);
      this.#soonest.watch(call.due);
    }
  }

  /** Takes room for a request that cannot be handled yet; where there is none, its call is refused. */
  #hold(call: IncomingCall, bytes: number): boolean {
    if (this.#options.held.take(bytes)) {
      call.held = bytes;
      return true;
    }
    call.refuse(new AppError('RESOURCE_EXHAUSTED', 'TOO_MUCH_HELD', 'this instance keeps too many bytes of requests'));
    return false;
  }

  #more(id: number, reader: FrameReader): void {
    const call = this.#calls.get(id);
    // Cancelled, or not accepted.
    if (call?.parts === undefined) return;
    call.parts.append(reader.rest());
    if (call.parts.complete) this.#accept(call, call.parts.bytes);
  }

  #accept(call: IncomingCall, request: Buffer): void {
    call.due = call.deadline;
    if (this.#held.length === 0 && this.#mayRun()) {
      this.#run(call, request);
      return;
    }
    if (call.held === 0 && !this.#hold(call, request.length)) return;
    call.request = request;
    this.#held.push(call);
    this.#soonest.watch(call.due);
  }

  #mayRun(): boolean {
    return this.#running < this.#options.limits.credits && !this.#outbox.congested;
  }

  #run(call: IncomingCall, request: Buffer): void {
    if (this.#options.dispatcher.inFlight >= this.#options.limits.maxCalls) {
      call.refuse(new AppError('UNAVAILABLE', 'STREAM_REFUSED', 'too many calls'));
      return;
    }
    this.#running += 1;
    if (call.run(this.#options.dispatcher, request)) this.#soonest.watch(call.deadline);
    else this.#running -= 1;
  }

  #cancel(id: number, code: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (code === 4) call.cut(outOfTime());
    else call.cut(new AppError('CANCELLED', 'CANCELLED', 'the caller gave the call up'));
  }

  /** Called by a call that has its answer ready: once. */
  answer(call: IncomingCall): void {
    if (this.#calls.delete(call)) this.#outbox.send(call);
    if (call.parts !== undefined) this.#assembly.release(call.parts);
    if (call.held > 0) this.#options.held.give(call.held);
  }

  /** The largest answer that the client reads, in bytes. */
  get maxAnswer(): number {
    return this.#peer?.maxMessage ?? 0;
  }

  /** Called when a handler is done. */
  handlerDone(): void {
    this.#running -= 1;
    if (this.#held.length > 0) this.#runHeld();
  }

  #runHeld(): void {
    const held = this.#held;
    let next = 0;
    this.#held = [];
    for (; next < held.length && this.#mayRun(); next += 1) {
      const call = held[next];
      if (call?.request !== undefined && this.#calls.get(call.id) === call) this.#run(call, call.request);
    }
    this.#held = [...held.slice(next), ...this.#held];
  }

  #sweep(now: number): number {
    let soonest = Infinity;
    for (const call of this.#calls.entries()) {
      if (call.due <= now) call.expire(outOfTime());
      else if (call.due < soonest) soonest = call.due;
    }
    return soonest;
  }

  #relieved(): void {
    if (this.#held.length > 0) this.#runHeld();
    if (!this.#draining || this.#closed || this.#calls.size > 0 || !this.#outbox.empty) return;
    this.#stop();
    this.#options.pipe.close();
  }

  #say(type: number, number: number): void {
    this.#outbox.control((writer) => {
      writer.begin(type);
      writer.u32(number);
      writer.end();
    });
  }

  #health(serving: boolean): void {
    this.#outbox.control((writer) => {
      writer.begin(FRAME.health);
      writer.u8(serving ? 1 : 0);
      writer.end();
    });
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.lost();
    this.#options.pipe.close(new AppError('INVALID_ARGUMENT', 'LANE_BROKEN', `the lane was ended: ${why}`));
  }

  #stop(): void {
    this.#closed = true;
    this.#heartbeat.stop();
    this.#soonest.stop();
    this.#cancelAge();
    this.#outbox.close();
    this.#held = [];
  }
}

function outOfTime(): AppError {
  return new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline has passed');
}
