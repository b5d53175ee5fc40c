import { compacted } from './etcd-error.ts';
import type { KeySpace } from './key-space.ts';
import { bytesOf, eventOf, isEmptyRange, wants, watcherOf, type Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';
import type { Event, Int64, ResponseHeader, WatchCreateRequest, WatchRequest, WatchResponse } from './wire.ts';

/** The id of a watch that was never made, and of an answer that is about all watches of the stream. */
const NO_WATCH: Int64 = '-1';
/** A response takes no further revision when it holds this many bytes of events: gRPC clients often refuse messages above 4 MB. */
const FULL_RESPONSE = 1024 * 1024;
/** Revisions looked at in one step at most. */
const REVISIONS_PER_STEP = 1_000;
/** Events of one revision that are more than this many bytes go out in fragments where the watch allows it: etcd's bound for a request, and some. */
const FRAGMENT = 2 * 1024 * 1024;
/** Answers to create and cancel that may wait before no more requests are read. */
const WAITING_ANSWERS = 64;

export interface WatchSource {
  readonly keys: KeySpace;
  /** The newest revision that watchers may see: all up to it is on the disk. */
  readonly released: () => number;
  readonly header: (revision: number) => ResponseHeader;
}

export interface WatchSink {
  /** False when no more should be written until `writable()` is called. */
  write(response: WatchResponse): boolean;
  /** Requests are to be held back, or no longer. */
  hold(requests: boolean): void;
}

/**
 * The watches of one gRPC stream. They are cursors over the key space's log and hold no events: a client that reads slowly is served from the
 * log when it reads on, and cancelled as compacted if that has forgotten what is next. `#cursor` is the next revision for all watches but
 * those that started in the past and lag behind it.
 */
export class WatchStream {
  readonly #source: WatchSource;
  readonly #sink: WatchSink;
  readonly #watchers = new Map<Int64, Watcher>();
  readonly #joined = new WatcherIndex();
  readonly #lagging = new Set<Watcher>();
  #answers: WatchResponse[] = [];
  #cursor: number;
  #nextId = 0n;
  #progressAsked = false;
  #writable = true;

  constructor(source: WatchSource, sink: WatchSink) {
    this.#source = source;
    this.#sink = sink;
    this.#cursor = source.released() + 1;
  }

  get wantsProgress(): boolean {
    return this.#watchers.values().some((watcher) => watcher.progressNotify);
  }

  receive(request: WatchRequest): void {
    switch (request.requestUnion) {
      case 'createRequest':
        this.#create(request.createRequest);
        break;
      case 'cancelRequest':
        this.#cancel(request.cancelRequest.watchId);
        break;
      case 'progressRequest':
        this.#progressAsked = true;
        break;
      case undefined:
        return;
    }
    this.pump();
    if (this.#answers.length > WAITING_ANSWERS) this.#sink.hold(true);
  }

  /** The sink takes more again. */
  writable(): void {
    this.#writable = true;
    this.pump();
  }

  /** Tells the watches that asked for it how far they came, if they had no event since the last time. */
  tick(): void {
    const released = this.#source.released();
    for (const watcher of this.#joined) {
      const due = watcher.progressNotify && watcher.idle && this.#cursor > released && watcher.next <= released + 1;
      watcher.idle = true;
      if (due && this.#writable) this.#write({ header: this.#source.header(released), watchId: watcher.id });
    }
  }

  /** Writes what there is to write, for as long as the sink takes it. */
  pump(): void {
    while (this.#writable) {
      const answer = this.#answers.shift();
      if (answer !== undefined) {
        this.#write(answer);
        if (this.#answers.length === 0) this.#sink.hold(false);
        continue;
      }
      const [lagging] = this.#lagging;
      if (lagging !== undefined) this.#catchUp(lagging);
      else if (this.#cursor <= this.#source.released()) this.#advance();
      else if (this.#progressAsked && !this.#awaitsFuture()) {
        this.#progressAsked = false;
        this.#write({ header: this.#source.header(this.#source.released()), watchId: NO_WATCH });
      } else return;
    }
  }

  #create(request: WatchCreateRequest): void {
    const header = this.#source.header(this.#source.released());
    const refuse = (cancelReason: string) => {
      this.#answers.push({ header, watchId: NO_WATCH, created: true, canceled: true, cancelReason });
    };
    const start = Number(request.startRevision);
    if (start < 0) return refuse(compacted().details);
    if (request.watchId !== '0' && this.#watchers.has(request.watchId)) {
      return refuse('mvcc: duplicate watch ID provided on the WatchStream');
    }
    const id = request.watchId === '0' ? this.#freeId() : request.watchId;
    const watcher = watcherOf(id, request, start === 0 ? this.#source.released() + 1 : start);
    if (isEmptyRange(watcher.range)) return refuse('mvcc: watcher range is empty');
    this.#watchers.set(id, watcher);
    if (watcher.next >= this.#cursor) this.#joined.add(watcher);
    else this.#lagging.add(watcher);
    this.#answers.push({ header, watchId: id, created: true });
  }

  #cancel(id: Int64): void {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return;
    this.#remove(watcher);
    this.#answers.push({ header: this.#source.header(this.#source.released()), watchId: id, canceled: true });
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher.id);
    this.#joined.delete(watcher);
    this.#lagging.delete(watcher);
  }

  #freeId(): Int64 {
    while (this.#watchers.has(String(this.#nextId))) this.#nextId += 1n;
    const id = String(this.#nextId);
    this.#nextId += 1n;
    return id;
  }

  /** One response of the past for a watch that lags behind, or none; then it is another's turn. */
  #catchUp(watcher: Watcher): void {
    const { keys } = this.#source;
    if (watcher.next < keys.compactedRevision) return this.#tooOld(watcher);
    const events: Event[] = [];
    const last = this.#scan(watcher.next, this.#cursor - 1, (revision) => {
      let bytes = 0;
      for (const change of keys.changesAt(revision)) {
        if (wants(watcher, change)) bytes += push(events, eventOf(watcher, change, keys));
      }
      return bytes;
    });
    watcher.next = last + 1;
    this.#lagging.delete(watcher);
    if (watcher.next >= this.#cursor) this.#joined.add(watcher);
    else this.#lagging.add(watcher);
    if (events.length > 0) this.#deliver(watcher, events, last);
  }

  /** The next revisions for all watches that do not lag. */
  #advance(): void {
    const { keys, released } = this.#source;
    if (this.#cursor < keys.compactedRevision) {
      for (const watcher of [...this.#joined]) if (watcher.next < keys.compactedRevision) this.#tooOld(watcher);
      this.#cursor = keys.compactedRevision;
    }
    const batches = new Map<Watcher, Event[]>();
    const last = this.#scan(this.#cursor, released(), (revision) => {
      let bytes = 0;
      for (const change of keys.changesAt(revision)) {
        for (const watcher of this.#joined.matching(change)) {
          if (watcher.next > revision) continue;
          const events = batches.get(watcher) ?? [];
          batches.set(watcher, events);
          bytes += push(events, eventOf(watcher, change, keys));
        }
      }
      return bytes;
    });
    this.#cursor = last + 1;
    for (const [watcher, events] of batches) this.#deliver(watcher, events, last);
  }

  /** Looks at revisions until there is enough for a response; the last one looked at. */
  #scan(from: number, to: number, look: (revision: number) => number): number {
    let bytes = 0;
    let revision = from;
    for (; revision <= to && revision < from + REVISIONS_PER_STEP && bytes < FULL_RESPONSE; revision += 1) {
      bytes += look(revision);
    }
    return revision - 1;
  }

  #deliver(watcher: Watcher, events: readonly Event[], revision: number): void {
    watcher.idle = false;
    const header = this.#source.header(revision);
    const parts = watcher.fragment ? fragmentsOf(events) : [events];
    for (const [index, part] of parts.entries()) {
      const fragment = index < parts.length - 1;
      this.#write({ header, watchId: watcher.id, events: part, ...(fragment && { fragment }) });
    }
  }

  #tooOld(watcher: Watcher): void {
    this.#remove(watcher);
    const compactRevision = this.#source.keys.compactedRevision;
    const header = this.#source.header(this.#source.released());
    this.#write({ header, watchId: watcher.id, canceled: true, compactRevision });
  }

  #awaitsFuture(): boolean {
    const released = this.#source.released();
    return this.#watchers.values().some((watcher) => watcher.next > released + 1);
  }

  #write(response: WatchResponse): void {
    if (!this.#sink.write(response)) this.#writable = false;
  }
}

function push(events: Event[], event: Event): number {
  events.push(event);
  return bytesOf(event);
}

function fragmentsOf(events: readonly Event[]): (readonly Event[])[] {
  const parts: Event[][] = [];
  let part: Event[] | undefined;
  let bytes = 0;
  for (const event of events) {
    const size = bytesOf(event);
    if (part === undefined || bytes + size > FRAGMENT) {
      part = [];
      parts.push(part);
      bytes = 0;
    }
    part.push(event);
    bytes += size;
  }
  return parts;
}
