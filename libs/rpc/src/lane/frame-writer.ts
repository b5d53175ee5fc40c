import { FRAME_HEAD, MAX_BATCH } from './protocol.ts';

/** Below so many characters, writing them one by one is faster than asking Node to. */
const SHORT = 48;

/**
 * Writes frames into one buffer, used again for every batch of every lane. There is room for a batch and one frame more: a frame that does
 * not fit into the batch any more is written all the same and begins the next one.
 */
export class FrameWriter {
  readonly #bytes = Buffer.allocUnsafeSlow(2 * MAX_BATCH);
  #position = 0;
  #frame = 0;

  /** Bytes written. */
  get size(): number {
    return this.#position;
  }

  begin(type: number): void {
    this.#frame = this.#position;
    this.#bytes[this.#position] = type;
    this.#position += FRAME_HEAD;
  }

  end(): void {
    const length = this.#position - this.#frame - FRAME_HEAD;
    const at = this.#frame;
    this.#bytes[at + 1] = length;
    this.#bytes[at + 2] = length >>> 8;
    this.#bytes[at + 3] = length >>> 16;
  }

  /** Forgets the frame that was begun. */
  undo(): void {
    this.#position = this.#frame;
  }

  u8(value: number): void {
    this.#bytes[this.#position++] = value;
  }

  u16(value: number): void {
    this.#bytes[this.#position] = value;
    this.#bytes[this.#position + 1] = value >>> 8;
    this.#position += 2;
  }

  u32(value: number): void {
    const at = this.#position;
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    this.#bytes[at + 2] = value >>> 16;
    this.#bytes[at + 3] = value >>> 24;
    this.#position = at + 4;
  }

  varint(value: number): void {
    let left = value;
    while (left > 0x7f) {
      this.#bytes[this.#position++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.#bytes[this.#position++] = left;
  }

  /** The characters of printable ASCII, as they are. */
  ascii(text: string): void {
    const bytes = this.#bytes;
    let at = this.#position;
    const { length } = text;
    if (length > SHORT) at += bytes.write(text, at, 'latin1');
    else for (let index = 0; index < length; index += 1) bytes[at++] = text.charCodeAt(index);
    this.#position = at;
  }

  /** Any text, with its length before it. */
  text(text: string): void {
    this.varint(Buffer.byteLength(text));
    this.#position += this.#bytes.write(text, this.#position);
  }

  /** Begins what has its length before it, in two bytes; answers where, for `endBlock`. */
  beginBlock(): number {
    const at = this.#position;
    this.#position += 2;
    return at;
  }

  endBlock(at: number): void {
    const length = this.#position - at - 2;
    this.#bytes[at] = length;
    this.#bytes[at + 1] = length >>> 8;
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  /** Begins a batch with what the last one had no room for. */
  reset(left: Uint8Array | undefined): void {
    this.#position = 0;
    this.#frame = 0;
    if (left !== undefined) this.bytes(left);
  }

  /** The batch, as bytes of its own. Where the last frame makes it too long, that one is `left` for the next. */
  take(): { readonly batch: Buffer; readonly left: Buffer | undefined } {
    const end = this.#position > MAX_BATCH ? this.#frame : this.#position;
    const batch = Buffer.allocUnsafe(end);
    batch.set(this.#bytes.subarray(0, end));
    const left = end === this.#position ? undefined : Buffer.from(this.#bytes.subarray(end, this.#position));
    return { batch, left };
  }
}
