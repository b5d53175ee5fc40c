import type { Clock } from '@stampede/lifecycle';
import { Bag, type Placed } from '@stampede/collections';

export interface PulseOptions {
  /** Ms that an instance which owes an answer may say nothing before it is asked for a sign of life, and as long again until that must have come. */
  readonly silenceMs: number;
  /** Asks for a sign of life; resolves with whether there was one within `ms`. Never rejects. */
  readonly ask: (ms: number) => Promise<boolean>;
  /** Calls that wait for an answer now. */
  readonly owed: () => number;
  /** Called when it falls silent, and when it is heard again. */
  readonly changed: (silent: boolean) => void;
  readonly clock: Clock;
}

/** Somebody who waits for an instance. */
export interface SilenceListener extends Placed {
  fellSilent(): void;
}

/**
 * Whether an instance lives. A process that is frozen, or behind a lost route, keeps its connection and answers nothing: no error ever tells. So
 * while calls wait and nothing at all comes back, it is asked for a sign of life, which a slow handler does not hold up. One that gives none is
 * silent until it is heard again; it is asked on meanwhile.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #listeners = new Bag<SilenceListener>();
  #silent = false;
  #heardAt = -Infinity;
  #waitingSince = -Infinity;
  /** Cancels the timer; undefined while none runs. */
  #cancel: (() => void) | undefined;
  /** Answers to questions of an earlier connection count for nothing. */
  #connection = 0;
  #asking = false;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** `listener` is told each time that no sign of life came, until `unlisten`. */
  listen(listener: SilenceListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: SilenceListener): void {
    this.#listeners.delete(listener);
  }

  /** A call waits. */
  started(): void {
    if (this.#options.owed() === 1) this.#waitingSince = this.#options.clock.monotonic();
    if (this.#cancel === undefined && !this.#asking) this.#in(this.#options.silenceMs);
  }

  /** Something was answered, whatever it was. */
  heard(now = this.#options.clock.monotonic()): void {
    this.#heardAt = now;
    this.#become(false);
  }

  /** Another connection, or none: what is known is no longer true. */
  reset(): void {
    this.#connection += 1;
    this.#asking = false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#become(false);
  }

  #in(ms: number): void {
    this.#cancel = this.#options.clock.schedule(ms, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { owed, silenceMs, clock } = this.#options;
    if (owed() === 0 && !this.#silent) return;
    const quietMs = clock.monotonic() - Math.max(this.#heardAt, this.#waitingSince);
    if (quietMs < silenceMs) this.#in(silenceMs - quietMs);
    else void this.#ask();
  }

  async #ask(): Promise<void> {
    const { ask, silenceMs, clock } = this.#options;
    const connection = this.#connection;
    const begun = clock.monotonic();
    this.#asking = true;
    const alive = await ask(silenceMs);
    if (connection !== this.#connection) return;
    this.#asking = false;
    if (alive) this.heard();
    else if (this.#heardAt < begun) this.#noSign();
    this.#in(silenceMs);
  }

  #noSign(): void {
    this.#become(true);
    for (const listener of this.#listeners.items()) listener.fellSilent();
  }

  #become(silent: boolean): void {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.#options.changed(silent);
  }
}
