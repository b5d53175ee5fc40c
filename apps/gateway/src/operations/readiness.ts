import type { Channel } from '@stampede/rpc';

export interface Readiness {
  /** The services that no instance of can be reached; empty where all is well. */
  missing(): Promise<readonly string[]>;
}

/** How long a service may take to be reached, in milliseconds. */
const PATIENCE_MS = 1_000;

/** Whether each service that is routed to has a usable instance: a connection to it stands or can be made. */
export function createReadiness(channels: Readonly<Record<string, Pick<Channel, 'ready'>>>): Readiness {
  return {
    async missing() {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const names = await Promise.all(
        Object.entries(channels).map(([name, channel]) =>
          channel.ready(signal).then(
            () => [],
            () => [name],
          ),
        ),
      );
      return names.flat();
    },
  };
}
