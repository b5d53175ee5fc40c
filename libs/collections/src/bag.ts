/** What a bag holds. */
export interface Placed {
  /** Where it lies; written by the bag alone, NOWHERE before and after. */
  place: number;
}

export const NOWHERE = -1;

/** Things that come and go, in no order. See the README for why it is not a Set. */
export class Bag<T extends Placed> {
  readonly #all: T[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(item: T): void {
    item.place = this.#all.push(item) - 1;
  }

  /** Answers whether it was in there. */
  delete(item: T): boolean {
    const { place } = item;
    if (place === NOWHERE) return false;
    item.place = NOWHERE;
    const last = this.#all.pop();
    if (last !== undefined && last !== item) {
      last.place = place;
      this.#all[place] = last;
    }
    return true;
  }

  /** All that are in there now. */
  items(): T[] {
    return [...this.#all];
  }

  /** Empties it; answers what was in there. */
  empty(): T[] {
    const all = this.#all.splice(0);
    for (const item of all) item.place = NOWHERE;
    return all;
  }
}
