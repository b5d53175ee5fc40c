/** Messages remembered so that a call that was refused can be sent elsewhere. */
const MAX_MESSAGES = 16;
const MAX_BYTES = 64 * 1024;

/**
 * Requests of a stream that can be sent again from the start for as long as little was sent and nothing came back.
 * The source is read once; each attempt reads what was read before, then goes on.
 */
export class Replayed implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  #seen: Uint8Array[] | undefined = [];
  #bytes = 0;
  /** A read under way, which the next attempt takes over. */
  #pending: Promise<IteratorResult<Uint8Array>> | undefined;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  get replayable(): boolean {
    return this.#seen !== undefined;
  }

  /** Something came back: there will be no other attempt. */
  commit(): void {
    this.#seen = undefined;
  }

  /** No attempt will read on. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    let position = 0;
    return {
      next: async () => {
        const again = this.#seen?.[position++];
        return again === undefined ? this.#read() : { done: false, value: again };
      },
    };
  }

  #read(): Promise<IteratorResult<Uint8Array>> {
    this.#pending ??= this.#remembered().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  async #remembered(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.#source.next();
    if (result.done !== true && this.#seen !== undefined) {
      this.#bytes += result.value.length;
      if (this.#seen.length < MAX_MESSAGES && this.#bytes <= MAX_BYTES) this.#seen.push(result.value);
      else this.#seen = undefined;
    }
    return result;
  }
}
