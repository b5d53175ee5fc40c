import { setTimeout as sleep } from 'node:timers/promises';

export interface Balancer {
  /** The gateways that were ready when they were last asked; all of them where none was. */
  ready(): readonly string[];
  end(): Promise<void>;
}

const EVERY_MS = 50;
const PATIENCE_MS = 1_000;

/** Sends clients where `/readyz` says that they are welcome, as whatever stands before gateways does. */
export function startBalancer(gateways: readonly string[]): Balancer {
  const willing = new Set(gateways);
  const over = new AbortController();

  async function follow(gateway: string): Promise<void> {
    while (!over.signal.aborted) {
      const answer = await fetch(`${gateway}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
        () => undefined,
      );
      await answer?.arrayBuffer().catch(() => undefined);
      if (answer?.ok === true) willing.add(gateway);
      else willing.delete(gateway);
      await sleep(EVERY_MS);
    }
  }

  const following = gateways.map(follow);
  return {
    ready: () => (willing.size > 0 ? [...willing] : gateways),
    async end() {
      over.abort();
      await Promise.all(following);
    },
  };
}
