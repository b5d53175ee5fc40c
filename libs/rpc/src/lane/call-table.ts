import { mix } from '../client/hash.ts';

const FIRST_SIZE = 16;

/**
 * Calls by their ids, which the peer chooses: slots, half of them empty, each call in the first free one from where a seeded hash puts it. Not a Map,
 * for what `Bag` says of Sets.
 */
export class CallTable<Call extends { readonly id: number }> {
  readonly #seed = Math.floor(Math.random() * 2 ** 32);
  #slots = emptySlots<Call>(FIRST_SIZE);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Call | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Its id must be new. */
  add(call: Call): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    this.#slots[this.#find(call.id)] = call;
    this.#size += 1;
  }

  /** Answers whether it was in there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#find(id);
    if (slots[hole] === undefined) return false;
    this.#size -= 1;
    // Those after it, up to the next free slot, move up where that brings them no further than home.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const call = slots[at];
      if (call === undefined) break;
      if (((at - this.#home(call.id)) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = call;
      hole = at;
    }
    slots[hole] = undefined;
    return true;
  }

  clear(): void {
    this.#slots = emptySlots(FIRST_SIZE);
    this.#size = 0;
  }

  /** All that are in there now. */
  calls(): Call[] {
    return this.#slots.filter((call) => call !== undefined);
  }

  /** The slot of a call, or the free one that it would get. */
  #find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#home(id);
    for (let call = slots[at]; call !== undefined && call.id !== id; call = slots[at]) at = (at + 1) & mask;
    return at;
  }

  #home(id: number): number {
    return mix(id ^ this.#seed) & (this.#slots.length - 1);
  }

  #grow(): void {
    const calls = this.calls();
    this.#slots = emptySlots(2 * this.#slots.length);
    for (const call of calls) this.#slots[this.#find(call.id)] = call;
  }
}

function emptySlots<Call>(size: number): (Call | undefined)[] {
  return Array.from<Call | undefined>({ length: size });
}
