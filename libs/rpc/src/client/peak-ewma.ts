/** Ms in which what was seen loses two thirds of its weight. Short, so that one pause of a collector is soon forgiven. */
const TAU_MS = 1_000;

/** What one better sample leaves of a peak: a dozen good calls mend the name that one bad one spoilt. */
const SAMPLE_WEIGHT = 0.8;

/**
 * A latency that rises at once to a peak and falls slowly: an exponentially weighted moving average that fades with
 * time and with better samples.
 * @see https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/
 */
export class PeakEwma {
  #value: number;
  #at: number;

  /** `value` in ms is what is assumed until something is seen. */
  constructor(value: number, now: number) {
    this.#value = value;
    this.#at = now;
  }

  /** Ms. What was not seen again for a while fades, so that an instance that was slow is tried again. */
  at(now: number): number {
    return this.#value * Math.exp(-Math.max(0, now - this.#at) / TAU_MS);
  }

  observe(ms: number, now: number): void {
    if (ms > this.at(now)) {
      this.#value = ms;
    } else {
      const weight = Math.min(SAMPLE_WEIGHT, Math.exp(-Math.max(0, now - this.#at) / TAU_MS));
      this.#value = this.#value * weight + ms * (1 - weight);
    }
    this.#at = now;
  }
}
