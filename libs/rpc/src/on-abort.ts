/** Where a signal keeps who waits for it. */
const WAITING = Symbol('waiting');

type Shared = AbortSignal & { [WAITING]?: Set<() => void> };

/**
 * Has `run` called when the signal aborts; the answer takes it back. A signal that thousands of calls share costs each of them the same as its
 * own would: `addEventListener` looks at all that wait already.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const shared: Shared = signal;
  let waiting = shared[WAITING];
  if (waiting === undefined) {
    const all = (waiting = shared[WAITING] = new Set());
    signal.addEventListener('abort', () => tell(all), { once: true });
  }
  waiting.add(run);
  return () => void waiting.delete(run);
}

function tell(waiting: Set<() => void>): void {
  for (const run of waiting) run();
  waiting.clear();
}
