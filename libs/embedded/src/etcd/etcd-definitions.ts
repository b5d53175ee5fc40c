import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

const SERVICES = ['KV', 'Watch', 'Lease', 'Cluster', 'Maintenance'] as const;

export type EtcdDefinitions = Readonly<Record<(typeof SERVICES)[number], ServiceDefinition>>;

let loaded: EtcdDefinitions | undefined;

/** The services of etcdserverpb that this server speaks, with the messages of wire.ts: int64 as decimal strings, bytes as Buffers. */
export function etcdDefinitions(): EtcdDefinitions {
  loaded ??= load();
  return loaded;
}

function load(): EtcdDefinitions {
  const folder = fileURLToPath(new URL('../../proto/etcd', import.meta.url));
  const definition: PackageDefinition = loadSync('rpc.proto', {
    includeDirs: [folder],
    longs: String,
    defaults: true,
    oneofs: true,
  });
  const serviceOf = (name: string) => [name, definition[`etcdserverpb.${name}`]] as const;
  return Object.fromEntries(SERVICES.map(serviceOf)) as unknown as EtcdDefinitions;
}
