/** Exclusive locks by key, each held by one owner and waited for in order. */
export interface MemoryLocks {
  /** Takes the locks one after the other; rejects, keeping those it has, where one of them is not to be had within `timeoutMs`. */
  acquire(owner: object, keys: readonly string[]): Promise<void>;
  /** Lets go of everything that `owner` holds or waits for. */
  release(owner: object): void;
}

export interface MemoryLocksOptions {
  readonly schedule: (ms: number, run: () => void) => () => void;
  readonly timeoutMs: number;
  readonly timedOut: () => Error;
}

interface Waiting {
  readonly owner: object;
  readonly go: () => void;
}

export function createMemoryLocks({ schedule, timeoutMs, timedOut }: MemoryLocksOptions): MemoryLocks {
  const holders = new Map<string, object>();
  const queues = new Map<string, Waiting[]>();

  async function take(owner: object, key: string): Promise<void> {
    const holder = holders.get(key);
    if (holder === owner) return;
    if (holder === undefined) {
      holders.set(key, owner);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const waiting = { owner, go: () => resolve(undefined) };
    const queue = queues.get(key) ?? [];
    queue.push(waiting);
    queues.set(key, queue);
    const cancel = schedule(timeoutMs, () => {
      forget(key, (each) => each === waiting);
      reject(timedOut());
    });
    await promise.finally(cancel);
  }

  function forget(key: string, matches: (waiting: Waiting) => boolean): void {
    const left = (queues.get(key) ?? []).filter((each) => !matches(each));
    if (left.length > 0) queues.set(key, left);
    else queues.delete(key);
  }

  return {
    async acquire(owner, keys) {
      for (const key of keys) await take(owner, key);
    },
    release(owner) {
      for (const key of [...queues.keys()]) forget(key, (waiting) => waiting.owner === owner);
      for (const [key, holder] of [...holders]) {
        if (holder !== owner) continue;
        const next = queues.get(key)?.[0];
        if (next === undefined) {
          holders.delete(key);
          continue;
        }
        holders.set(key, next.owner);
        forget(key, (waiting) => waiting === next);
        next.go();
      }
    },
  };
}
