import { Bag, NOWHERE, type Placed } from '@stampede/collections';

/** Where a signal keeps who waits for it. */
const WAITING = Symbol('waiting');

type Shared = AbortSignal & { [WAITING]?: Waiting | undefined };

interface Waiter extends Placed {
  readonly run: () => void;
}

/**
 * Has `run` called when the signal aborts; the answer takes it back. A signal that thousands of calls share costs each of them the same as its
 * own would: `addEventListener` looks at all that wait already. It has one listener for as long as anybody waits.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const shared: Shared = signal;
  const waiting = (shared[WAITING] ??= new Waiting(shared));
  const waiter: Waiter = { run, place: NOWHERE };
  waiting.all.add(waiter);
  return () => waiting.leave(waiter);
}

class Waiting {
  readonly all = new Bag<Waiter>();
  readonly #signal: Shared;

  constructor(signal: Shared) {
    this.#signal = signal;
    signal.addEventListener('abort', this, { once: true });
  }

  leave(waiter: Waiter): void {
    if (!this.all.delete(waiter) || this.all.size > 0) return;
    this.#signal.removeEventListener('abort', this);
    this.#signal[WAITING] = undefined;
  }

  /** As an EventListener. */
  handleEvent(): void {
    this.#signal[WAITING] = undefined;
    for (const waiter of this.all.items()) if (this.all.delete(waiter)) waiter.run();
  }
}
