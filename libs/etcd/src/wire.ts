import { Range, type IKeyValue } from 'etcd3';
import type { Entry } from './etcd.ts';

/** The range of all keys that start with `prefix`; the empty prefix is every key. */
export function rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
  const range = prefix === '' ? { start: Buffer.of(0), end: Buffer.of(0) } : Range.prefix(prefix);
  return { key: range.start, range_end: range.end };
}

export function readEntry(kv: IKeyValue): Entry {
  return {
    key: kv.key.toString(),
    value: kv.value.toString(),
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    leaseId: kv.lease === '0' ? undefined : kv.lease,
  };
}
