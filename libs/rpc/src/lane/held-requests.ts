/** Bytes of requests that are kept for all lanes of a server: while they arrive, and while they wait for a handler. */
export class HeldRequests {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether there is room for so many more, which then is taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#max) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
