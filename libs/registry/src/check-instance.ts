import { invalid } from '@stampede/errors';
import type { Instance } from '@stampede/rpc';
import { splitAddress } from './address.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Throws INVALID_ARGUMENT where a part of the instance cannot stand in a key, or in the address of a call. */
export function checkInstance({ service, id, address }: Instance): void {
  if (!NAME.test(service))
    throw invalid({ field: 'service', description: 'letters, digits, dot, dash and underscore' });
  if (!/^[^\s/]+$/.test(id)) throw invalid({ field: 'id', description: 'no slash, no space, not empty' });
  if (splitAddress(address) === undefined) throw invalid({ field: 'address', description: 'host:port' });
}
