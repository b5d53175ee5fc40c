import { FrameWriter } from './frame-writer.ts';
import { GivenNames } from './names.ts';
import type { Pipe } from './pipe.ts';
import { FRAME, FRAME_HEAD, MAX_BATCH, MAX_INLINE } from './protocol.ts';

/** Something with a payload that is to be sent. */
export interface Outgoing {
  readonly payload: Uint8Array;
  /**
   * Writes its frame up to the payload, and the names that it needs before; answers its id. 0 if nothing is to be sent any more, in which case nothing was
   * written but names.
   */
  writeHead(writer: FrameWriter, names: GivenNames, fragmented: boolean): number;
}

export interface OutboxOptions {
  readonly pipe: Pipe;
  /** Whether the next one may be sent: asked before each. */
  readonly mayStart: () => boolean;
  /** Whether the other side has nothing of ours to do: then half of what a read led to goes ahead, so that the sides do not take turns. */
  readonly idle: () => boolean;
  /** Whether a payload in fragments counts against the window until `released`, or only until it was sent. */
  readonly holdsWindow: boolean;
  /** Called when everything is sent, or what waits has become less. */
  readonly relieved: () => void;
}

interface Fragmented {
  readonly item: Outgoing;
  readonly id: number;
  sent: number;
}

/** Batches on their way to the wire; while it has not taken these, nothing more is serialised. */
const MAX_UNSENT = 2;
/** Frames with their payload begin in the first half of a batch, so that it holds the names they need. */
const HALF_BATCH = MAX_BATCH / 2;
/** Bytes that wait, from which on it is better not to make more; each thing counts as 64 at least. */
const CONGESTED = 512 * 1024;
const ITEM = 64;
const MORE_HEAD = FRAME_HEAD + 4;
/** Of so many things that are ready after a read, half may go ahead; fewer are not worth a message more. */
const HALVED = 32;
/** More than so many fill the wire by themselves: they go at the end of the turn. */
const MANY = 96;

/** One buffer for all lanes: a batch is written and taken in one go. */
const writer = new FrameWriter();

/**
 * What one end of a lane has to send: all that became ready in one turn of the event loop goes as one message, large payloads a fragment at a time. Only
 * what a message that was read leads to at once does not wait for the turn to end.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #names = new GivenNames(writer);
  #control: ((writer: FrameWriter) => void)[] = [];
  #ready: Outgoing[] = [];
  /** Of `#ready`, what is not sent yet begins here. */
  #next = 0;
  /** Large ones that wait for the window. */
  #waiting: Outgoing[] = [];
  /** Large ones under way, next one first. */
  #fragmented: Fragmented[] = [];
  #left: Buffer | undefined;
  #window = 0;
  #windowUsed = 0;
  #bytes = 0;
  #unsent = 0;
  #scheduled = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Bytes of payloads in fragments that the other side takes at once. */
  set window(bytes: number) {
    this.#window = bytes;
  }

  get congested(): boolean {
    return this.#bytes >= CONGESTED;
  }

  get empty(): boolean {
    return this.#unsent === 0 && this.#bytes === 0 && this.#control.length === 0 && this.#left === undefined;
  }

  send(item: Outgoing): void {
    if (this.#closed) return;
    this.#bytes += item.payload.length + ITEM;
    this.#ready.push(item);
    this.wake();
  }

  /** A frame that goes before everything else. */
  control(write: (writer: FrameWriter) => void): void {
    this.#control.push(write);
    this.wake();
  }

  /** Something that waited may go now. */
  wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /**
   * Called when a message was read: what it leads to at once is sent then, a turn of the event loop earlier than by `wake`. Once a turn: what came in two
   * messages does not leave as one.
   */
  afterRead(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    queueMicrotask(() => process.nextTick(this.#flushEarly));
  }

  /** So many bytes of the window are free again. */
  released(bytes: number): void {
    this.#windowUsed -= bytes;
    if (this.#waiting.length > 0) this.wake();
  }

  /** Sends no more of a payload in fragments; answers whether some of it was not sent. */
  drop(item: Outgoing): boolean {
    const index = this.#fragmented.findIndex((each) => each.item === item);
    if (index < 0) return false;
    this.#fragmented.splice(index, 1);
    this.#done(item);
    if (!this.#options.holdsWindow) this.#windowUsed -= item.payload.length;
    return true;
  }

  /** Sends nothing more, and answers what was not sent, or not to its end. */
  close(): Set<Outgoing> {
    const unsent = this.takeBack(() => false);
    this.#closed = true;
    this.#control = [];
    this.#left = undefined;
    return unsent;
  }

  /** Answers what was not sent, or not to its end, and forgets it; `keep` says which of the begun ones are sent to their end all the same. */
  takeBack(keep: (item: Outgoing) => boolean): Set<Outgoing> {
    const begun = this.#fragmented.filter(({ item }) => !keep(item)).map(({ item }) => item);
    const unsent = new Set([...this.#ready.slice(this.#next), ...this.#waiting, ...begun]);
    this.#fragmented = this.#fragmented.filter(({ item }) => !unsent.has(item));
    this.#ready = [];
    this.#next = 0;
    this.#waiting = [];
    for (const item of unsent) this.#done(item);
    return unsent;
  }

  readonly #flushEarly = (): void => {
    this.#scheduled = false;
    const waiting = this.#ready.length - this.#next;
    if (waiting > MANY) {
      this.wake();
      return;
    }
    const most = waiting >= HALVED && this.#options.idle() ? waiting >>> 1 : waiting;
    if (!this.#closed && this.#unsent < MAX_UNSENT && this.#send(most)) this.wake();
    else if (!this.#closed && !this.congested) this.#options.relieved();
  };

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#sendAll();
  };

  #sendAll(): void {
    while (!this.#closed && this.#unsent < MAX_UNSENT && this.#send(Infinity));
    if (!this.#closed && !this.congested) this.#options.relieved();
  }

  /** Sends one batch, of what is ready `most` things at most; answers whether there was anything to send. */
  #send(most: number): boolean {
    writer.reset(this.#left);
    this.#left = undefined;
    this.#fill(most);
    if (writer.size === 0) return false;
    const { batch, left } = writer.take();
    this.#left = left;
    this.#unsent += 1;
    this.#options.pipe.send(batch, this.#sent);
    return true;
  }

  readonly #sent = (): void => {
    this.#unsent -= 1;
    if (this.#bytes > 0 || this.#control.length > 0 || this.#left !== undefined || this.#unsent === 0) this.#sendAll();
  };

  #fill(most: number): void {
    let controls = 0;
    while (controls < this.#control.length && writer.size < HALF_BATCH) this.#control[controls++]?.(writer);
    this.#control.splice(0, controls);
    const { mayStart } = this.#options;
    const end = Math.min(this.#ready.length, this.#next + most);
    while (writer.size < HALF_BATCH && this.#next < end && mayStart()) {
      const item = this.#ready[this.#next++];
      if (item !== undefined) this.#start(item);
    }
    if (this.#next === this.#ready.length) {
      this.#ready.length = 0;
      this.#next = 0;
    } else if (this.#next > 1_000) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    while (writer.size < HALF_BATCH && this.#waiting[0] !== undefined && mayStart()) {
      if (!this.#fits(this.#waiting[0])) break;
      const item = this.#waiting.shift();
      if (item !== undefined) this.#begin(item);
    }
    while (this.#fragmented.length > 0 && writer.size + MORE_HEAD < MAX_BATCH) this.#fragment();
  }

  #start(item: Outgoing): void {
    const { payload } = item;
    if (payload.length > MAX_INLINE) {
      if (this.#waiting.length === 0 && this.#fits(item)) this.#begin(item);
      else this.#waiting.push(item);
      return;
    }
    if (item.writeHead(writer, this.#names, false) !== 0) {
      writer.bytes(payload);
      writer.end();
    }
    this.#done(item);
  }

  #fits({ payload }: Outgoing): boolean {
    return this.#windowUsed === 0 || this.#windowUsed + payload.length <= this.#window;
  }

  #begin(item: Outgoing): void {
    const id = item.writeHead(writer, this.#names, true);
    if (id === 0) {
      this.#done(item);
      return;
    }
    writer.end();
    this.#windowUsed += item.payload.length;
    this.#fragmented.push({ item, id, sent: 0 });
  }

  /** One fragment of the payload whose turn it is. */
  #fragment(): void {
    const next = this.#fragmented.shift();
    if (next === undefined) return;
    const { item, id, sent } = next;
    const length = Math.min(item.payload.length - sent, MAX_INLINE, MAX_BATCH - writer.size - MORE_HEAD);
    writer.begin(FRAME.more);
    writer.u32(id);
    writer.bytes(item.payload.subarray(sent, sent + length));
    writer.end();
    next.sent += length;
    if (next.sent < item.payload.length) {
      this.#fragmented.push(next);
      return;
    }
    this.#done(item);
    if (!this.#options.holdsWindow) this.#windowUsed -= item.payload.length;
  }

  #done({ payload }: Outgoing): void {
    this.#bytes -= payload.length + ITEM;
  }
}
