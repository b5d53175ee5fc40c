import { AppError } from '@stampede/errors';

export interface GateLimits {
  /** Milliseconds that a group keeps others waiting, at most; 0: nobody waits. */
  readonly maxMs: number;
  /** So many that wait need not wait for the group before them, but for the one before that. */
  readonly crowd: number;
  /** Who would have to wait behind so many is refused. */
  readonly maxQueued: number;
}

export interface GateOptions {
  /** Asked again and again, so that they may change. */
  readonly limits: () => GateLimits;
  /** Runs what it is given after so many milliseconds, unless it is called off; a Clock's `schedule` fits. */
  readonly schedule: (ms: number, run: () => void) => () => void;
  /** Runs what it is given once those who come now have come; at the end of the event loop's turn (setImmediate) if absent. */
  readonly defer?: ((run: () => void) => void) | undefined;
}

export interface Gate {
  /**
   * Resolves once the caller may go on, with what is to be called when it is done. Rejects with the signal's reason where it aborted meanwhile.
   *
   * @throws AppError RESOURCE_EXHAUSTED/QUEUE_FULL, when as many wait as may.
   */
  enter(signal?: AbortSignal): Promise<() => void>;
}

interface Waiter {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (leave: () => void) => void;
  readonly reject: (error: unknown) => void;
}

/** One of this many of a group may still be under way when the next one follows. */
const STRAGGLERS = 4;
/** As large as a batch is where nobody says otherwise. */
const MAX_GROUP = 256;
/** Under way at once: one alone leaves a core idle, three are smaller and cost more. */
const MAX_GROUPS = 2;

/**
 * Gated admission: who comes while a group is under way waits, and goes on with all others who came meanwhile, so that they meet again in every
 * batch and message on their way. https://en.wikipedia.org/wiki/Polling_system
 *
 * @example const leave = await gate.enter(signal); try { await manySteps(); } finally { leave(); }
 */
export function createGate({ limits, schedule, defer = setImmediate }: GateOptions): Gate {
  let queue: Waiter[] = [];
  let underWay = 0;
  let opening = false;

  function open(): void {
    if (opening || queue.length === 0 || underWay >= MAX_GROUPS) return;
    if (underWay > 0 && queue.length < limits().crowd) return;
    opening = true;
    defer(() => {
      opening = false;
      const group = queue.slice(0, MAX_GROUP);
      queue = queue.slice(MAX_GROUP);
      letGo(group.filter(isWaiting));
      open();
    });
  }

  function letGo(group: readonly Waiter[]): void {
    if (group.length === 0) return;
    underWay += 1;
    let inside = group.length;
    let through = false;
    const pass = (): void => {
      if (through) return;
      through = true;
      cancel();
      underWay -= 1;
      open();
    };
    const cancel = schedule(limits().maxMs, pass);
    const leave = (): void => {
      inside -= 1;
      if (inside <= group.length / STRAGGLERS) pass();
    };
    for (const { resolve } of group) resolve(leave);
  }

  return {
    enter(signal) {
      const { maxMs, maxQueued } = limits();
      if (maxMs === 0) return Promise.resolve(() => undefined);
      if (queue.length >= maxQueued) {
        return Promise.reject(new AppError('RESOURCE_EXHAUSTED', 'QUEUE_FULL', 'too many are waiting already'));
      }
      return new Promise((resolve, reject) => {
        queue.push({ signal, resolve, reject });
        open();
      });
    },
  };
}

/** Whoever gave up is told so. */
function isWaiting({ signal, reject }: Waiter): boolean {
  if (signal?.aborted !== true) return true;
  reject(signal.reason);
  return false;
}
