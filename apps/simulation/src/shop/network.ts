import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Process } from './process.ts';

/** How often, 0 to 1, a message goes wrong in each way. */
export interface Fates {
  readonly lost: number;
  /** It comes long after the others. */
  readonly late: number;
  /** A call comes once more, soon or long after. */
  readonly twice: number;
}

/** Messages between places, each taking its time: so whatever can overtake does. */
export interface Network {
  send(from: string, to: string, what: string, deliver: () => void, repeatable?: 'repeatable'): void;
  /** Carries a question to a store or to the provider, and its answer back; rejects, unknown, where that takes too long. */
  ask<T>(process: Process, of: string, what: string, effect: () => T | Promise<T>): Promise<T>;
  /** From now on nothing passes between the two; half of what was sent meanwhile arrives when they are joined again. */
  part(a: string, b: string): void;
  join(a: string, b: string): void;
  /** From now on nothing goes wrong any more. */
  calm(): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fates: Fates;
  /** Called before a process asks and after it was answered: a moment at which it may die. */
  readonly moment: (process: Process) => void;
  /** Told of each message that arrives. */
  readonly onMessage: ((line: string) => void) | undefined;
  readonly notes: Set<string>;
}

const WAY_MS = 20;
/** A repeated call may come right behind the first. */
const SOON_MS = 40;
const LONG_MS = 3_000;
/** As long as a statement may take. */
const ANSWER_MS = 400;

export function createNetwork({ clock, random, fates, moment, onMessage, notes }: NetworkOptions): Network {
  /** How often two places are parted, and what waits between them. */
  const parted = new Map<string, { times: number; waiting: (() => void)[] }>();
  let calm = false;

  function send(from: string, to: string, what: string, deliver: () => void, repeatable?: 'repeatable'): void {
    const arrive = () => {
      onMessage?.(`${clock.monotonic()} ${from} ${to} ${what}`);
      deliver();
    };
    const gap = parted.get(between(from, to));
    if (gap !== undefined) {
      if (random() < 0.5) gap.waiting.push(() => void clock.schedule(random() * WAY_MS, arrive));
      return;
    }
    let draw = calm ? Infinity : random();
    const falls = (chance: number) => (draw -= chance) < 0;
    if (falls(fates.lost)) return;
    if (repeatable !== undefined && falls(fates.twice)) {
      notes.add('a call repeated');
      clock.schedule(random() * (random() < 0.5 ? LONG_MS : SOON_MS), arrive);
    }
    const late = falls(fates.late);
    if (late) notes.add('a message late');
    clock.schedule(random() * (late ? LONG_MS : WAY_MS), arrive);
  }

  return {
    send,
    ask(process, of, what, effect) {
      const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof effect>>>();
      moment(process);
      if (!process.alive) return promise;
      const cancel = process.clock.schedule(ANSWER_MS, () =>
        reject(new AppError('UNAVAILABLE', 'NO_ANSWER', `${of} did not answer: ${what}`)),
      );
      const answer = (settle: () => void) =>
        send(of, process.place, `${what} answered`, () =>
          process.enter(() => {
            moment(process);
            if (!process.alive) return;
            cancel();
            settle();
          }),
        );
      send(process.place, of, what, () => {
        new Promise<Awaited<ReturnType<typeof effect>>>((done) => done(effect() as never)).then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
      return promise;
    },
    part(a, b) {
      const gap = parted.get(between(a, b)) ?? { times: 0, waiting: [] };
      gap.times += 1;
      parted.set(between(a, b), gap);
    },
    join(a, b) {
      const gap = parted.get(between(a, b));
      if (gap === undefined || (gap.times -= 1) > 0) return;
      parted.delete(between(a, b));
      for (const go of gap.waiting) go();
    },
    calm: () => void (calm = true),
  };
}

function between(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** The methods `names` of a port, each call of them carried by `ask`. */
export function carried<Port extends object, Name extends keyof Port & string>(
  port: Port,
  names: readonly Name[],
  ask: (what: string, effect: () => Promise<unknown>) => Promise<unknown>,
): Pick<Port, Name> {
  const methods = names.map((name) => {
    const method = port[name] as (...parameters: unknown[]) => Promise<unknown>;
    return [name, (...parameters: unknown[]) => ask(name, () => method.apply(port, parameters))] as const;
  });
  // Each method got one of the same shape; the compiler cannot follow that through the entries.
  return Object.fromEntries(methods) as unknown as Pick<Port, Name>;
}
