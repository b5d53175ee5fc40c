export interface OptimisticOptions {
  /** Whether an error means that something was out of the ordinary, so that nothing was done; all others are thrown. */
  readonly failed: (error: unknown) => boolean;
  /** Monotonic milliseconds; those of this process if absent. */
  readonly monotonic?: () => number;
}

/** For how long, once something was out of the ordinary, the next is expected to be so, too. */
const WARY_MS = 1_000;

/**
 * Does a thing in the way that takes the usual case for granted, and where it cannot be done so, in the way that works always. After that the
 * second way is taken at once for a second: whoever meets the unusual again and again does nothing twice.
 *
 * @example const place = createOptimistic({ failed: isUniqueViolation }); await place(() => insert(rows), () => insertThoseThatAreNew(rows));
 */
export function createOptimistic({ failed, monotonic = () => performance.now() }: OptimisticOptions) {
  let waryUntil = -Infinity;
  return async <T>(usual: () => Promise<T>, always: () => Promise<T>): Promise<T> => {
    if (monotonic() < waryUntil) return always();
    try {
      return await usual();
    } catch (error) {
      if (!failed(error)) throw error;
      waryUntil = monotonic() + WARY_MS;
      return always();
    }
  };
}
