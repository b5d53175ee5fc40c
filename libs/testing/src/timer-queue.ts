export interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** Timers by when they fall due, those of one moment in the order they were added. */
export interface TimerQueue {
  /** The returned function takes the timer out again. */
  add(due: number, run: () => void): () => void;
  /** Takes the first timer out, if it falls due by `until`. */
  take(until: number): Timer | undefined;
  readonly size: number;
}

interface Entry extends Timer {
  readonly order: number;
  state: 'waiting' | 'over';
}

/** A binary heap; what is cancelled stays in it until its time comes. */
export function createTimerQueue(): TimerQueue {
  const heap: Entry[] = [];
  let order = 0;
  let size = 0;

  /** Lets the entry sink from the root to where it belongs. */
  function sink(entry: Entry): void {
    let at = 0;
    for (;;) {
      const right = heap[2 * at + 2];
      let child = 2 * at + 1;
      let least = heap[child];
      if (least === undefined) break;
      if (right !== undefined && before(right, least)) {
        child += 1;
        least = right;
      }
      if (before(entry, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = entry;
  }

  function rise(entry: Entry): void {
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || before(parent, entry)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  function removeFirst(): void {
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) sink(last);
  }

  return {
    add(due, run) {
      const entry: Entry = { due, run, order: (order += 1), state: 'waiting' };
      rise(entry);
      size += 1;
      return () => {
        if (entry.state === 'over') return;
        entry.state = 'over';
        size -= 1;
      };
    },
    take(until) {
      for (let first = heap[0]; first !== undefined && first.due <= until; first = heap[0]) {
        removeFirst();
        if (first.state === 'over') continue;
        first.state = 'over';
        size -= 1;
        return first;
      }
      return undefined;
    },
    get size() {
      return size;
    },
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
