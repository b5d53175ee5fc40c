import type { MemoryClient, WatchHandlers } from '@stampede/etcd';
import type { Clock } from '@stampede/lifecycle';
import { sleepOn } from '@stampede/testing';

/** A process of the simulation: its timers and what it hears of etcd reach it late, and not at all while it is frozen. */
export interface SimProcess {
  readonly clock: Clock;
  readonly etcd: MemoryClient;
  /** Calls of etcd so far. */
  readonly calls: number;
  /** SIGSTOP: what reaches it waits; what it has sent is sent. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL. */
  kill(): void;
}

export interface SimProcessOptions {
  readonly clock: Clock;
  readonly link: MemoryClient;
  /** Milliseconds that the process takes to get to a timer that is due. */
  readonly lateMs: () => number;
}

type Work = () => void;

export function createSimProcess({ clock, link, lateMs }: SimProcessOptions): SimProcess {
  let state: 'running' | 'frozen' | 'dead' = 'running';
  let held: Work[] = [];
  let calls = 0;

  function reach(work: Work): void {
    if (state === 'running') work();
    else if (state === 'frozen') held.push(work);
  }

  function schedule(ms: number, run: Work): () => void {
    let cancelled = false;
    const cancel = clock.schedule(ms + lateMs(), () =>
      reach(() => {
        if (!cancelled) run();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  const sleep = sleepOn(schedule);

  const asked =
    <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      new Promise((resolve, reject) => {
        calls += 1;
        method(...args).then(
          (value) => reach(() => resolve(value)),
          (error: unknown) => reach(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      });

  function watchPrefix(prefix: string, from: number, handlers: WatchHandlers) {
    let over = false;
    const heard = (work: Work) =>
      reach(() => {
        if (!over) work();
      });
    calls += 1;
    const watch = link.watchPrefix(prefix, from, {
      onCreated: (at) => heard(() => handlers.onCreated?.(at)),
      onEvents: (events) => heard(() => handlers.onEvents(events)),
      onEnded: (end) => heard(() => handlers.onEnded(end)),
    });
    return {
      cancel() {
        over = true;
        watch.cancel();
      },
    };
  }

  return {
    clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule, sleep },
    etcd: {
      ...link,
      list: asked((prefix) => link.list(prefix)),
      get: asked((key) => link.get(key)),
      put: asked((key, value, options) => link.put(key, value, options)),
      putIf: asked((key, revision, value, options) => link.putIf(key, revision, value, options)),
      delete: asked((key) => link.delete(key)),
      grantLease: asked((ttl) => link.grantLease(ttl)),
      refreshLease: asked((id) => link.refreshLease(id)),
      revokeLease: asked((id) => link.revokeLease(id)),
      watchPrefix,
    },
    get calls() {
      return calls;
    },
    freeze: () => void (state = state === 'running' ? 'frozen' : state),
    thaw() {
      if (state !== 'frozen') return;
      state = 'running';
      const works = held;
      held = [];
      for (const work of works) work();
    },
    kill() {
      state = 'dead';
      held = [];
      link.cut();
    },
  };
}
