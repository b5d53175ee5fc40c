import { emptyKey, invalidSortOption } from './etcd-error.ts';
import { keyRange } from './key-range.ts';
import type { Found, FindOptions } from './key-space.ts';
import type { KeyRange } from './key-range.ts';
import { SortOrder, SortTarget, type KeyValue, type RangeRequest, type RangeResponse } from './wire.ts';

const NO_VALUE = Buffer.alloc(0);

/** @throws EtcdError where no store could answer the request. */
export function checkRange(request: RangeRequest): void {
  if (request.key.length === 0) throw emptyKey();
  if (request.sortOrder > SortOrder.descend || request.sortOrder < 0) throw invalidSortOption();
  if (request.sortTarget > SortTarget.value || request.sortTarget < 0) throw invalidSortOption();
}

/** Answers a range request from `keys`, which stand at `revision`: find, filter, sort, then cut at the limit. */
export function applyRange(
  keys: { find(range: KeyRange, options: FindOptions): Found },
  request: RangeRequest,
  revision: number,
): RangeResponse {
  const limit = Number(request.limit);
  const wanted = (kv: KeyValue) => filters.every((filter) => filter(kv));
  const filters = filtersOf(request);
  const compare = orderOf(request);
  const inKeyOrder = compare === undefined && filters.length === 0;
  const { kvs: found, count } = keys.find(keyRange(request.key, request.rangeEnd), {
    revision: Number(request.revision),
    // One more than asked for tells whether there are more.
    limit: inKeyOrder && limit > 0 ? limit + 1 : 0,
  });
  if (request.countOnly) return { header: { revision }, kvs: [], more: false, count };
  let kvs = filters.length > 0 ? found.filter(wanted) : found;
  if (compare !== undefined) kvs = kvs.toSorted(compare);
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs = kvs.slice(0, limit);
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: NO_VALUE }));
  return { header: { revision }, kvs, more, count };
}

function filtersOf(request: RangeRequest): ((kv: KeyValue) => boolean)[] {
  const [minMod, maxMod] = [Number(request.minModRevision), Number(request.maxModRevision)];
  const [minCreate, maxCreate] = [Number(request.minCreateRevision), Number(request.maxCreateRevision)];
  const filters: ((kv: KeyValue) => boolean)[] = [];
  if (minMod !== 0) filters.push((kv) => kv.modRevision >= minMod);
  if (maxMod !== 0) filters.push((kv) => kv.modRevision <= maxMod);
  if (minCreate !== 0) filters.push((kv) => kv.createRevision >= minCreate);
  if (maxCreate !== 0) filters.push((kv) => kv.createRevision <= maxCreate);
  return filters;
}

type Order = (a: KeyValue, b: KeyValue) => number;

const ascending: Readonly<Record<number, Order>> = {
  [SortTarget.key]: (a, b) => a.key.compare(b.key),
  [SortTarget.version]: (a, b) => a.version - b.version,
  [SortTarget.create]: (a, b) => a.createRevision - b.createRevision,
  [SortTarget.mod]: (a, b) => a.modRevision - b.modRevision,
  [SortTarget.value]: (a, b) => a.value.compare(b.value),
};

/** Undefined where the order is that of the keys. A target without an order sorts ascending, as in etcd. */
function orderOf({ sortTarget, sortOrder }: RangeRequest): Order | undefined {
  if (sortTarget === SortTarget.key && sortOrder !== SortOrder.descend) return undefined;
  const order = ascending[sortTarget];
  return order !== undefined && sortOrder === SortOrder.descend ? (a, b) => order(b, a) : order;
}
