import type { Clock } from '@stampede/lifecycle';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Ms between a PONG and the next PING. */
  readonly intervalMs: number;
  /** Ms that a PONG may take. */
  readonly timeoutMs: number;
  readonly ping: (number: number) => void;
  readonly dead: () => void;
}

/** Ms by which a timer is late only if this process itself stood still; what arrived meanwhile is to be read before the peer is judged. */
const OWN_PAUSE_MS = 1_000;

/** Finds a peer that does not read, or does not answer: it is pinged for as long as the lane lives. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #number = 0;
  #cancel: () => void;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#cancel = this.#rest();
  }

  pong(number: number): void {
    if (number !== this.#number) return;
    this.#cancel();
    this.#cancel = this.#rest();
  }

  stop(): void {
    this.#cancel();
  }

  #rest(): () => void {
    const { clock, intervalMs, ping } = this.#options;
    return clock.schedule(intervalMs, () => {
      this.#number += 1;
      ping(this.#number);
      this.#cancel = this.#wait();
    });
  }

  #wait(): () => void {
    const { clock, timeoutMs, dead } = this.#options;
    const due = clock.monotonic() + timeoutMs;
    return clock.schedule(timeoutMs, () => {
      if (clock.monotonic() < due + OWN_PAUSE_MS) dead();
      else this.#cancel = this.#wait();
    });
  }
}
