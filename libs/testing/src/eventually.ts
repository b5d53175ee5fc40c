import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds of real time until the last failure is thrown; 5,000 if absent. */
  readonly timeoutMs?: number;
  /** Milliseconds between two tries; 10 if absent. */
  readonly intervalMs?: number;
}

/**
 * Waits until `assertion` passes, in real time; throws what it threw last once time is up.
 *
 * @example await eventually(() => expect(seen).toEqual(['a']));
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 5_000, intervalMs = 10 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(intervalMs);
  }
}
