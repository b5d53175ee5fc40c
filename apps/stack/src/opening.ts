import { connectEtcd } from '@stampede/etcd';
import type { Component } from '@stampede/lifecycle';
import { createWatcher } from '@stampede/registry';
import { createChannel, type Discovery } from '@stampede/rpc';
import type { Logger } from '@stampede/telemetry';
import type { Backing } from './backing/start-backing.ts';
import type { Credentials } from './credentials.ts';
import { onceMore } from './once-more.ts';
import { readyBlock } from './ready-block.ts';
import { seed } from './seed.ts';
import type { Settings } from './settings.ts';

export interface OpeningOptions {
  readonly settings: Settings;
  readonly backing: Backing;
  readonly credentials: Credentials;
  readonly log: Logger;
  readonly print: (text: string) => void;
}

const POLL_MS = 50;
const ONCE_MORE_MS = 250;
/** How long the apps may take to leave, where they are not ours to stop, before what they stand on goes. */
const FAREWELL_MS = 15_000;

/** The opening of the shop: waits until every app is found in etcd and the gateway is ready, fills the shelves, and says so. */
export function createOpening({ settings, backing, credentials, log, print }: OpeningOptions): Component {
  const present = new Map<string, readonly string[]>();
  let close: (() => Promise<void>) | undefined;
  let opened: Promise<void> | undefined;
  const closing = new AbortController();

  async function open(discovery: Discovery): Promise<void> {
    const enough = () =>
      settings.apps.every(
        ({ name }) =>
          (present.get(name)?.length ?? 0) >= (settings.mode === 'apps' ? (settings.instances[name] ?? 1) : 1),
      );
    await until(enough, closing.signal);
    const gatewayUrl = () => `http://${present.get('gateway')?.[0] ?? ''}`;
    await until(() => answers(`${gatewayUrl()}/readyz`), closing.signal);
    const users = createChannel({
      service: 'user',
      discovery,
      caller: { service: 'stack', secret: credentials.serviceSecret },
      log,
    });
    try {
      await onceMore(() => seed({ users, gatewayUrl: gatewayUrl(), credentials }), {
        pauseMs: ONCE_MORE_MS,
        signal: closing.signal,
        onFailure: (error) => {
          log.warn({ err: error }, 'the shelves could not be filled yet');
        },
      });
    } finally {
      await users.close();
    }
    print(
      readyBlock({ url: gatewayUrl(), etcdEndpoints: backing.etcdEndpoints(), dataDir: settings.dataDir, credentials }),
    );
  }

  return {
    name: 'opening',
    async start() {
      const etcd = connectEtcd({ endpoints: [...backing.etcdEndpoints()], log });
      const watcher = createWatcher({ etcd, log });
      for (const { name } of settings.apps) {
        watcher.watch(name, (set) =>
          present.set(
            name,
            set.listed.map((instance) => instance.address),
          ),
        );
      }
      close = async () => {
        await watcher.close();
        await etcd.close();
      };
      opened = open(watcher);
      opened.catch((error: unknown) => {
        if (closing.signal.aborted) return;
        log.fatal({ err: error }, 'the shop did not open');
        process.kill(process.pid, 'SIGTERM');
      });
      await Promise.resolve();
    },
    async stop() {
      closing.abort();
      await opened?.catch(() => undefined);
      if (settings.mode === 'backing') {
        const gone = () => [...present.values()].every((addresses) => addresses.length === 0);
        await until(gone, AbortSignal.timeout(FAREWELL_MS)).catch(() => undefined);
      }
      await close?.();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function until(holds: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await holds())) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
