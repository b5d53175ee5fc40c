import { setTimeout as sleep } from 'node:timers/promises';
import type { RawFailure } from './persist.ts';
import { call, postJson } from './shopper.ts';

export interface BrowsingOptions {
  /** Asked at each call, and taken in turn. */
  readonly gateways: () => readonly string[];
  readonly token: string;
  readonly account: { readonly email: string; readonly password: string };
}

export interface Browsing {
  /** Calls so far. */
  readonly calls: number;
  readonly rawFailures: readonly RawFailure[];
  end(): Promise<void>;
}

const PAUSE_MS = 20;

/** Somebody who looks about and logs in, and repeats nothing: what fails once has failed. A log-in must not be repeated by the shop either. */
export function startBrowsing({ gateways, token, account }: BrowsingOptions): Browsing {
  const headers = { authorization: `Bearer ${token}` };
  const ways: readonly ((gateway: string) => Promise<{ readonly status: number }>)[] = [
    (gateway) => call(`${gateway}/v1/products`),
    (gateway) => call(`${gateway}/v1/orders?page_size=5`, { headers }),
    (gateway) => call(`${gateway}/v1/users/me`, { headers }),
    (gateway) => postJson(`${gateway}/v1/sessions`, account),
  ];
  const rawFailures: RawFailure[] = [];
  const running = new AbortController();
  let calls = 0;

  async function browse(): Promise<void> {
    while (!running.signal.aborted) {
      const urls = gateways();
      const gateway = urls[calls % urls.length] ?? '';
      const way = ways[calls++ % ways.length] ?? ways[0]!;
      const begunAt = performance.now();
      const what = await way(gateway).then(
        ({ status }) => (status < 300 ? undefined : String(status)),
        (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
      );
      if (what !== undefined) rawFailures.push({ begunAt, at: performance.now(), gateway, what });
      await sleep(PAUSE_MS);
    }
  }

  const browsing = browse();
  return {
    get calls() {
      return calls;
    },
    rawFailures,
    async end() {
      running.abort();
      await browsing;
    },
  };
}
