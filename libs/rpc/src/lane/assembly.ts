import { ProtocolError } from './protocol.ts';

/** The payloads in fragments that arrive on one lane. */
export class Assembly {
  readonly #window: number;
  #bytes = 0;
  #count = 0;

  /** `window` is what the other side was told. */
  constructor(window: number) {
    this.#window = window;
  }

  /** Begins a payload of `total` bytes; it holds its part of the window until `release`. */
  begin(total: number): Payload {
    this.#bytes += total;
    this.#count += 1;
    if (this.#bytes > this.#window && this.#count > 1) throw new ProtocolError('more bytes in fragments than allowed');
    return new Payload(total);
  }

  release({ total }: Payload): void {
    this.#bytes -= total;
    this.#count -= 1;
  }
}

/** A payload of which not all has arrived. */
export class Payload {
  readonly bytes: Buffer;
  #filled = 0;

  constructor(total: number) {
    this.bytes = Buffer.allocUnsafeSlow(total);
  }

  get total(): number {
    return this.bytes.length;
  }

  get complete(): boolean {
    return this.#filled === this.bytes.length;
  }

  append(fragment: Uint8Array): void {
    if (this.#filled + fragment.length > this.bytes.length)
      throw new ProtocolError('more fragments than were announced');
    this.bytes.set(fragment, this.#filled);
    this.#filled += fragment.length;
  }
}
