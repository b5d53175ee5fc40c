import { FRAME_HEAD, MAX_BATCH, ProtocolError } from './protocol.ts';

/** Reads the frames of a batch, and of each frame its fields in order. Whatever does not fit is a ProtocolError. */
export class FrameReader {
  readonly batch: Buffer;
  #position = 0;
  #end = 0;

  constructor(batch: Buffer) {
    if (batch.length > MAX_BATCH) throw new ProtocolError(`a batch of ${batch.length} bytes`);
    this.batch = batch;
  }

  /** Goes to the next frame and answers its type; 0 after the last. What was not read of the one before is passed over. */
  next(): number {
    const bytes = this.batch;
    const at = this.#end;
    if (at === bytes.length) return 0;
    if (at + FRAME_HEAD > bytes.length) throw new ProtocolError('half a frame');
    const end = at + FRAME_HEAD + (this.#byte(at + 1) | (this.#byte(at + 2) << 8) | (this.#byte(at + 3) << 16));
    if (end > bytes.length) throw new ProtocolError('a frame that is longer than its batch');
    const type = this.#byte(at);
    if (type === 0) throw new ProtocolError('a frame of no type');
    this.#position = at + FRAME_HEAD;
    this.#end = end;
    return type;
  }

  u8(): number {
    return this.#byte(this.#advance(1));
  }

  u16(): number {
    const at = this.#advance(2);
    return this.#byte(at) | (this.#byte(at + 1) << 8);
  }

  u32(): number {
    const at = this.#advance(4);
    const low = this.#byte(at) | (this.#byte(at + 1) << 8) | (this.#byte(at + 2) << 16);
    return low + this.#byte(at + 3) * 0x1000000;
  }

  /** Of at most 28 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtocolError('a number that does not end');
  }

  /** Printable ASCII of so many bytes. */
  ascii(length: number): string {
    const at = this.#advance(length);
    return this.batch.toString('latin1', at, at + length);
  }

  /** Any text, with its length before it. */
  text(): string {
    const length = this.varint();
    const at = this.#advance(length);
    return this.batch.toString('utf8', at, at + length);
  }

  /** Passes over the next bytes; answers where they begin in the batch. */
  skip(length: number): number {
    return this.#advance(length);
  }

  /** A view of the next bytes. */
  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return this.batch.subarray(at, at + length);
  }

  /** A view of what is left of the frame. */
  rest(): Buffer {
    return this.bytes(this.#end - this.#position);
  }

  #advance(length: number): number {
    const at = this.#position;
    if (at + length > this.#end) throw new ProtocolError('a frame that ends too early');
    this.#position = at + length;
    return at;
  }

  /** Within bounds: checked by whoever asks. */
  #byte(at: number): number {
    return this.batch[at] ?? 0;
  }
}
