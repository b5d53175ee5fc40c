import path from 'node:path';
import { locateBacking } from '@stampede/embedded';
import { connectEtcd } from '@stampede/etcd';
import { createChannel, staticDiscovery, type Channel } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import type { Stack } from './stack.ts';

/** Whoever has the secret of a stack: calls its services over gRPC as any of them. */
export interface Insider {
  channel(service: string, caller: string): Channel;
  close(): Promise<void>;
}

export async function insiderOf(stack: Stack, services: readonly string[]): Promise<Insider> {
  const log = silentLogger();
  const env = { STAMPEDE_DATA: path.resolve(stack.dataDir) };
  const backing = await locateBacking({ env, service: 'e2e', needs: ['etcd', 'secret'] });
  const etcd = connectEtcd({ endpoints: backing.etcdEndpoints, log });
  const addresses = await Promise.all(
    services.map(async (service) => {
      const { entries } = await etcd.list(`/services/${service}/`);
      return [service, entries.map(({ value }) => (JSON.parse(value) as { Addr: string }).Addr)] as const;
    }),
  );
  await etcd.close();
  const discovery = staticDiscovery(Object.fromEntries(addresses));
  const channels = new Map<string, Channel>();
  return {
    channel(service, caller) {
      const name = `${caller} to ${service}`;
      const known = channels.get(name);
      if (known !== undefined) return known;
      const secret = backing.serviceSecret === undefined ? {} : { secret: backing.serviceSecret };
      const made = createChannel({
        service,
        discovery,
        caller: { service: caller, ...secret },
        log,
        defaultDeadlineMs: 30_000,
      });
      channels.set(name, made);
      return made;
    },
    async close() {
      await Promise.all([...channels.values()].map((each) => each.close()));
    },
  };
}
