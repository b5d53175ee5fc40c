import type { ServerHttp2Stream } from 'node:http2';
import type { MethodKind } from '../definition.ts';

/** Why a stream was cut off. */
export type Verdict = 'slow request' | 'slow reader' | 'too old';

export interface Patience {
  /** Ms that a single request may take to arrive. */
  readonly receiveMs: number;
  /** Ms that an answer may wait for its reader. */
  readonly takeMs: number;
  /** Ms that any stream may last. */
  readonly lifeMs: number;
}

const PREFIX = 5;

/** What one open stream costs, and since when. */
export class HeldStream {
  readonly stream: ServerHttp2Stream;
  readonly #patience: Patience;
  readonly #since: number;
  readonly #oneRequest: boolean;
  readonly #oneResponse: boolean;
  #bytes = 0;
  /** Of a stream of requests: bytes of its current message that have come and that it still lacks, and what has come of its prefix. */
  #partial = 0;
  #lacking = 0;
  #prefix: number[] = [];
  #waitingSince: number | undefined;

  constructor(stream: ServerHttp2Stream, kind: MethodKind, now: number, patience: Patience) {
    this.stream = stream;
    this.#patience = patience;
    this.#since = now;
    this.#oneRequest = kind === 'unary' || kind === 'serverStream';
    this.#oneResponse = kind === 'unary' || kind === 'clientStream';
  }

  /** Bytes of requests that are kept for this stream: of a single request until the stream is over. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of answers that wait for their reader. */
  get waiting(): number {
    return this.stream.writableLength;
  }

  arrived(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (!this.#oneRequest) this.#follow(chunk);
  }

  /** grpc-js lets a stream flow again when its handler has taken all whole messages: what has come of the next one is left. */
  taken(): void {
    if (!this.#oneRequest) this.#bytes = this.#partial;
  }

  verdict(now: number): Verdict | undefined {
    const { stream } = this;
    const { receiveMs, takeMs, lifeMs } = this.#patience;
    const age = now - this.#since;
    if (age > lifeMs) return 'too old';
    if (this.#oneRequest && !stream.readableEnded && age > receiveMs) return 'slow request';
    const owed = stream.writableEnded || (this.#oneResponse && stream.writableLength > 0);
    this.#waitingSince = owed ? (this.#waitingSince ?? now) : undefined;
    return this.#waitingSince !== undefined && now - this.#waitingSince > takeMs ? 'slow reader' : undefined;
  }

  /** Reads the length prefixes of a stream of messages. @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
  #follow(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#lacking === 0) {
        this.#prefix.push(chunk.readUInt8(at));
        at += 1;
        if (this.#prefix.length < PREFIX) continue;
        this.#lacking = Buffer.from(this.#prefix).readUInt32BE(1);
        this.#prefix = [];
        this.#partial = 0;
        continue;
      }
      const taken = Math.min(this.#lacking, chunk.length - at);
      at += taken;
      this.#lacking -= taken;
      this.#partial = this.#lacking === 0 ? 0 : this.#partial + taken;
    }
  }
}
