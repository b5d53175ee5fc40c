import type { Clock } from '@stampede/lifecycle';
import { sleepOn } from '@stampede/testing';

/**
 * One process: all that wakes it (its timers, messages, answers) passes its gate. A frozen one finds, when it goes on, everything that came
 * meanwhile, in order; a dead one hears nothing any more, and what it waited for never comes.
 */
export interface Process {
  /** A new one for each process. */
  readonly id: string;
  readonly service: string;
  /** Where it stands: its name in the network, which its successor takes over. */
  readonly place: string;
  readonly address: string;
  readonly alive: boolean;
  readonly frozen: boolean;
  /** The machine's time, seen from inside. */
  readonly clock: Clock;
  /** Runs `work` inside the process, as soon as it runs. */
  enter(work: () => void): void;
  /** Like `enter`, for an answer that is waited for inside. */
  await<T>(answer: Promise<T>): Promise<T>;
  freeze(): void;
  thaw(): void;
  kill(): void;
}

export interface ProcessOptions extends Pick<Process, 'id' | 'service' | 'place' | 'address'> {
  readonly clock: Clock;
}

export function createProcess({ clock: world, ...names }: ProcessOptions): Process {
  let alive = true;
  let frozen = false;
  /** What came while it was frozen; as long as there is any, whatever comes waits its turn. */
  let backlog: (() => void)[] = [];
  let workingOff = false;

  function enter(work: () => void): void {
    if (!alive) return;
    if (frozen || workingOff) backlog.push(work);
    else work();
  }

  /** One by one, each settled before the next. */
  function workOff(): void {
    const work = alive && !frozen ? backlog.shift() : undefined;
    workingOff = work !== undefined;
    if (work === undefined) return;
    world.schedule(0, workOff);
    work();
  }

  function schedule(ms: number, run: () => void): () => void {
    let cancelled = false;
    const cancel = world.schedule(ms, () =>
      enter(() => {
        if (!cancelled) run();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  }

  return {
    ...names,
    get alive() {
      return alive;
    },
    get frozen() {
      return frozen;
    },
    clock: { now: () => world.now(), monotonic: () => world.monotonic(), schedule, sleep: sleepOn(schedule) },
    enter,
    await<T>(answer: Promise<T>) {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      answer.then(
        (value) => enter(() => resolve(value)),
        (error: unknown) => enter(() => reject(error)),
      );
      return promise;
    },
    freeze: () => void (frozen = true),
    thaw() {
      frozen = false;
      if (!workingOff) workOff();
    },
    kill() {
      alive = false;
      backlog = [];
    },
  };
}
