interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

/** A binary heap of items by deadline, earliest first. */
export class DeadlineQueue<T> {
  #heap: Entry<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline. */
  get next(): number | undefined {
    return this.#heap[0]?.at;
  }

  push(at: number, item: T): void {
    const heap = this.#heap;
    let index = heap.length;
    const entry = { at, item };
    while (index > 0) {
      const above = (index - 1) >>> 1;
      const parent = heap[above];
      if (parent === undefined || parent.at <= at) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  /** Takes the earliest item out. */
  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) this.#sink(last);
    return first.item;
  }

  /** Replaces everything. */
  reset(entries: Iterable<readonly [at: number, item: T]>): void {
    this.#heap = Array.from(entries, ([at, item]) => ({ at, item })).sort((a, b) => a.at - b.at);
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if ((heap[below + 1]?.at ?? Infinity) < (heap[below]?.at ?? Infinity)) below += 1;
      const child = heap[below];
      if (child === undefined || child.at >= entry.at) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = entry;
  }
}
