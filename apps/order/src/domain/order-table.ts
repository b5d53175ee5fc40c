const FIRST_SIZE = 16;

/**
 * What there is of some orders, one an order, found by the order's id: slots, half of them empty, each in the first free one from where the hash of
 * its id puts it. A Map would do, at a price: after so many deletions V8 moves it to a new table and leaves in the old one a pointer to the new. Once one
 * of these is old, all that come after it are held by garbage, with all that was ever in them, until the next full collection.
 */
export class OrderTable<Entry extends { readonly id: string }> {
  #slots = emptySlots<Entry>(FIRST_SIZE);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): Entry | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Instead of the one that has the same id, if any. */
  set(entry: Entry): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    const at = this.#find(entry.id);
    if (this.#slots[at] === undefined) this.#size += 1;
    this.#slots[at] = entry;
  }

  /** Takes it out if it is this very one that is in there. */
  delete(entry: Entry): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#find(entry.id);
    if (slots[hole] !== entry) return;
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
  }

  /** All that are in there now. */
  entries(): Entry[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }

  /** The slot of an order, or the free one that it would get. */
  #find(id: string): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#home(id);
    for (let entry = slots[at]; entry !== undefined && entry.id !== id; entry = slots[at]) at = (at + 1) & mask;
    return at;
  }

  #home(id: string): number {
    return hashOf(id) & (this.#slots.length - 1);
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

/** Of its last characters, where a UUIDv7 is random: we make these ids ourselves, so that nobody chooses where they go. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = Math.max(0, id.length - 10); index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
