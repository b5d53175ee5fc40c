/** Buckets a power of two is cut into; what a quantile may be off by is half of one of them. */
const STEPS = 128;
const STEP_BITS = 7;
const LARGEST = 2 ** 31 - 1;
const BUCKETS = 24 * STEPS + STEPS;

/** The most that a quantile differs from the value recorded, in parts of that value; below 256 µs nothing at all. */
export const RELATIVE_ERROR = 1 / (2 * STEPS);

/**
 * Durations in fixed logarithmic buckets: a few kilobytes however many are recorded, and recording costs no allocation. Whole microseconds up
 * to half an hour; longer ones count as that.
 */
export interface Histogram {
  recordMs(milliseconds: number): void;
  readonly count: number;
  /** The duration in ms that a share of all recorded ones (0.99) does not exceed; NaN where none was recorded. */
  quantileMs(share: number): number;
}

export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKETS);
  let count = 0;
  return {
    recordMs(milliseconds) {
      const index = bucketOf(Math.min(Math.max(Math.round(milliseconds * 1_000), 0), LARGEST));
      counts[index] = (counts[index] ?? 0) + 1;
      count += 1;
    },
    get count() {
      return count;
    },
    quantileMs(share) {
      if (count === 0) return Number.NaN;
      const rank = Math.max(1, Math.ceil(share * count));
      let seen = 0;
      const index = counts.findIndex((each) => (seen += each) >= rank);
      return middleOf(index) / 1_000;
    },
  };
}

/** Buckets are one microsecond wide below 256, then twice as wide with each power of two. */
function bucketOf(micros: number): number {
  const shift = Math.max(0, 31 - Math.clz32(micros) - STEP_BITS);
  return shift * STEPS + (micros >>> shift);
}

function middleOf(index: number): number {
  if (index < 2 * STEPS) return index;
  const shift = (index >>> STEP_BITS) - 1;
  return (index - shift * STEPS) * 2 ** shift + (2 ** shift - 1) / 2;
}
