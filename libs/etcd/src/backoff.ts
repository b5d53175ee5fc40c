export interface BackoffOptions {
  /** Milliseconds that the first wait takes at most; 100 if absent. */
  readonly firstMs?: number;
  /** Milliseconds that any wait takes at most; 2,000 if absent. */
  readonly mostMs?: number;
}

/**
 * How long to wait after `failures` failures in a row (0 is the first): between half of the doubled limit and all of it, so that many
 * processes that lost the same server do not come back in step. Milliseconds.
 */
export function backoffMs(
  failures: number,
  random: () => number,
  { firstMs = 100, mostMs = 2_000 }: BackoffOptions = {},
): number {
  const limit = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30));
  return limit * (0.5 + random() / 2);
}
