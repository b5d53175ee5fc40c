import { AppError } from '@stampede/errors';
import type { Time } from '../ports.ts';

/** A process of the order service; a dead one hears and does nothing any more. */
export interface Process {
  readonly name: string;
  dead: boolean;
}

/** How often, 0 to 1, a question goes wrong in each way. */
export interface Fates {
  /** It never arrives. */
  readonly lost: number;
  /** It is done, and the answer never arrives. */
  readonly unanswered: number;
  /** The asker gives up, and it is done long after. */
  readonly late: number;
  /** It is done, answered, and done again long after. */
  readonly twice: number;
}

export interface NetworkOptions {
  readonly time: Time;
  readonly random: () => number;
  readonly fates: Fates;
}

const WAY_MS = 20;
const LONG_MS = 3_000;

/** Carries questions to where they have an effect, and answers back, each taking its time: so whatever can overtake does. */
export class Network {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  async call<T>(from: Process, effect: () => T): Promise<T> {
    const { time, random, fates } = this.#options;
    const isDead = () => from.dead;
    if (isDead()) return forever();
    let draw = random();
    const falls = (chance: number) => (draw -= chance) < 0;
    await time.sleep(random() * WAY_MS);
    if (falls(fates.lost)) throw unknown();
    if (falls(fates.late)) {
      this.#later(effect);
      throw unknown();
    }
    if (falls(fates.twice)) this.#later(effect);
    const answer = effect();
    await time.sleep(random() * WAY_MS);
    if (isDead()) return forever();
    if (falls(fates.unanswered)) throw unknown();
    return answer;
  }

  #later(effect: () => unknown): void {
    const { time, random } = this.#options;
    time.schedule(random() * LONG_MS, () => void effect());
  }
}

function forever(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}

function unknown(): AppError {
  return new AppError('UNAVAILABLE', 'LOST', 'nobody knows what became of it');
}
