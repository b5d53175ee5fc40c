import type { Etcd, Fate, MemoryClient, MemoryEtcd } from '@stampede/etcd';
import type { Process } from './process.ts';

export interface EtcdLinkOptions {
  readonly server: MemoryEtcd;
  readonly process: Process;
  readonly fate: () => Fate;
}

/** A process's connection to etcd; what it hears of it passes the process's gate. */
export interface EtcdLink {
  readonly etcd: Etcd;
  readonly connection: Pick<MemoryClient, 'cut' | 'heal' | 'close'>;
}

const TIMEOUT_MS = 1_000;

export function createEtcdLink({ server, process, fate }: EtcdLinkOptions): EtcdLink {
  const client = server.connect({ fate, timeoutMs: TIMEOUT_MS });
  const etcd: Etcd = {
    list: (prefix) => process.await(client.list(prefix)),
    get: (key) => process.await(client.get(key)),
    first: (prefix, from) => process.await(client.first(prefix, from)),
    put: (key, value, options) => process.await(client.put(key, value, options)),
    putIf: (key, revision, value, options) => process.await(client.putIf(key, revision, value, options)),
    delete: (key) => process.await(client.delete(key)),
    grantLease: (ttlSeconds) => process.await(client.grantLease(ttlSeconds)),
    refreshLease: (id) => process.await(client.refreshLease(id)),
    revokeLease: (id) => process.await(client.revokeLease(id)),
    watchPrefix(prefix, fromRevision, handlers) {
      let cancelled = false;
      const heard = (tell: () => void) =>
        process.enter(() => {
          if (!cancelled) tell();
        });
      const watch = client.watchPrefix(prefix, fromRevision, {
        onCreated: (at) => heard(() => handlers.onCreated?.(at)),
        onEvents: (events) => heard(() => handlers.onEvents(events)),
        onEnded: (end) => heard(() => handlers.onEnded(end)),
      });
      return {
        cancel() {
          cancelled = true;
          watch.cancel();
        },
      };
    },
    close: () => client.close(),
  };
  return { etcd, connection: client };
}
