export interface RetryBudgetOptions {
  /** Retries that may be made in a burst; 1,000. */
  readonly capacity?: number;
  /** Retries earned by each call; 0.2, so that an outage adds a fifth to the load and no more. */
  readonly perCall?: number;
}

/** A token bucket filled by calls and emptied by retries: they mend faults, and cannot make an outage worse. */
export class RetryBudget {
  readonly #capacity: number;
  readonly #perCall: number;
  #tokens: number;

  constructor({ capacity = 1_000, perCall = 0.2 }: RetryBudgetOptions = {}) {
    this.#capacity = capacity;
    this.#perCall = perCall;
    this.#tokens = capacity;
  }

  earn(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + this.#perCall);
  }

  /** Whether a retry may be made; it is paid for if so. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
