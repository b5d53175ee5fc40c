import type { Instance } from '@stampede/rpc';
import { splitAddress } from './address.ts';
import type { InstanceCodec } from './instance-codec.ts';

const PREFIX = '/services/';

/**
 * etcd's official gRPC naming format: key `/services/<service>/<id>`, value `{"Op":0,"Addr":"host:port","Metadata":{"id":"…", …}}`. Go services
 * with `endpoints.NewManager(client, "/services/inventory")` find ours and are found.
 * @see https://etcd.io/docs/v3.5/dev-guide/grpc_naming/ and https://github.com/etcd-io/etcd/blob/main/client/v3/naming/endpoints/endpoints.go
 */
export const grpcNaming: InstanceCodec = {
  prefix: PREFIX,
  prefixOf: (start) => PREFIX + start,
  // '0' is the character next to '/'.
  behind: (service) => `${PREFIX}${service}0`,
  key: (service, id) => `${PREFIX}${service}/${id}`,
  value: ({ id, address, metadata }) => JSON.stringify({ Op: 0, Addr: address, Metadata: { id, ...metadata } }),
  serviceOf: (key) => split(key)?.service,
  read(key, value) {
    const name = split(key);
    const update = name && parse(value);
    const address = update?.Addr;
    // Op 1 is a deletion, which nobody writes as a value.
    if (name === undefined || typeof address !== 'string' || splitAddress(address) === undefined) return undefined;
    if (update?.Op !== undefined && update.Op !== 0) return undefined;
    return { ...name, address, metadata: textsOf(update?.Metadata) };
  },
};

/** The id is the rest of the key, which is unique, whatever the metadata say; other writers' ids may hold slashes. */
function split(key: string): Pick<Instance, 'service' | 'id'> | undefined {
  const slash = key.indexOf('/', PREFIX.length);
  if (!key.startsWith(PREFIX) || slash <= PREFIX.length || slash === key.length - 1) return undefined;
  return { service: key.slice(PREFIX.length, slash), id: key.slice(slash + 1) };
}

function parse(value: string): { Op?: unknown; Addr?: unknown; Metadata?: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Go's Metadata may be anything; we keep what an object says, as text, without the id that we know from the key. */
function textsOf(metadata: unknown): Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return {};
  return Object.fromEntries(
    Object.entries(metadata)
      .filter(([key, value]) => key !== 'id' && value !== null && value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
