/** Where a signal keeps who waits for it. */
const WAITING = Symbol('waiting');

type Shared = AbortSignal & { [WAITING]?: Waiting | undefined };

/**
 * Has `run` called when the signal aborts; the answer takes it back. A signal that thousands of calls share costs each of them the same as its
 * own would: `addEventListener` looks at all that wait already. It has one listener for as long as anybody waits.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const shared: Shared = signal;
  const waiting = (shared[WAITING] ??= new Waiting(shared));
  waiting.all.add(run);
  return () => waiting.leave(run);
}

class Waiting {
  readonly all = new Set<() => void>();
  readonly #signal: Shared;

  constructor(signal: Shared) {
    this.#signal = signal;
    signal.addEventListener('abort', this, { once: true });
  }

  leave(run: () => void): void {
    if (!this.all.delete(run) || this.all.size > 0) return;
    this.#signal.removeEventListener('abort', this);
    this.#signal[WAITING] = undefined;
  }

  /** As an EventListener. */
  handleEvent(): void {
    this.#signal[WAITING] = undefined;
    for (const run of this.all) run();
    this.all.clear();
  }
}
