import { AppError } from '@stampede/errors';

export interface OnceMoreOptions {
  readonly pauseMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** Told of each failure that may pass. */
  readonly onFailure: (error: unknown) => void;
}

const PASSING: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);

/** Does `work`, and again while it fails for want of somebody who is only just away: an instance that was killed must not close the shop. */
export async function onceMore<T>(work: () => Promise<T>, { pauseMs, signal, onFailure }: OnceMoreOptions): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError && PASSING.has(error.code))) throw error;
      onFailure(error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
