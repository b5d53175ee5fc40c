const FIRST_SIZE = 16;

/**
 * Things found by their ids, one an id: slots, half of them empty, each thing in the first free one from where the hash of its id puts it. See the README
 * for why it is not a Map.
 */
export class Table<Id, Entry extends { readonly id: Id }> {
  readonly #hash: (id: Id) => number;
  #slots = emptySlots<Entry>(FIRST_SIZE);
  #size = 0;

  /** `hash` gives 32 bits of which the lowest are spread well; seeded, where strangers choose the ids. */
  constructor(hash: (id: Id) => number) {
    this.#hash = hash;
  }

  get size(): number {
    return this.#size;
  }

  get(id: Id): Entry | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Instead of the one that has the same id, if any. */
  set(entry: Entry): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    const at = this.#find(entry.id);
    if (this.#slots[at] === undefined) this.#size += 1;
    this.#slots[at] = entry;
  }

  /** Takes it out if it is this very one that is in there; answers whether it was. */
  delete(entry: Entry): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#find(entry.id);
    if (slots[hole] !== entry) return false;
    this.#size -= 1;
    // Those after it, up to the next free slot, move up where that brings them no further than home.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const next = slots[at];
      if (next === undefined) break;
      if (((at - this.#home(next.id)) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = next;
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
  entries(): Entry[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }

  /** The slot of an id, or the free one that it would get. */
  #find(id: Id): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#home(id);
    for (let entry = slots[at]; entry !== undefined && entry.id !== id; entry = slots[at]) at = (at + 1) & mask;
    return at;
  }

  #home(id: Id): number {
    return this.#hash(id) & (this.#slots.length - 1);
  }

  #grow(): void {
    const entries = this.entries();
    this.#slots = emptySlots(2 * this.#slots.length);
    for (const entry of entries) this.#slots[this.#find(entry.id)] = entry;
  }
}

function emptySlots<Entry>(size: number): (Entry | undefined)[] {
  return Array.from<Entry | undefined>({ length: size });
}
