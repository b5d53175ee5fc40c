import { DataDirInUseError } from '@stampede/embedded';
import { systemClock } from '@stampede/lifecycle';

const PATIENCE_MS = 20_000;
const PAUSE_MS = 50;

/**
 * Starts a server as soon as its folder is free. The supervisor that had it is gone, or ours would not run; what it started notices, finishes
 * and leaves, which takes a moment.
 */
export async function patiently<T>(start: () => Promise<T>): Promise<T> {
  const giveUpAt = systemClock.monotonic() + PATIENCE_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof DataDirInUseError) || systemClock.monotonic() > giveUpAt) throw error;
      await systemClock.sleep(PAUSE_MS);
    }
  }
}
