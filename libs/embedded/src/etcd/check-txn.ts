import { checkRange } from './apply-range.ts';
import { duplicateKey, emptyKey, keyNotFound, leaseProvided, tooManyOps, valueProvided } from './etcd-error.ts';
import { binaryKey } from './key-range.ts';
import type { DeleteRangeRequest, PutRequest, RequestOp, TxnRequest } from './wire.ts';

/** Operations in each list of a transaction at most; nested transactions share what the outer ones leave. */
export const MAX_TXN_OPS = 128;

export function checkPut(request: PutRequest): void {
  if (request.key.length === 0) throw emptyKey();
  if (request.ignoreValue && request.value.length > 0) throw valueProvided();
  if (request.ignoreLease && request.lease !== '0') throw leaseProvided();
}

export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key.length === 0) throw emptyKey();
}

/** @throws EtcdError where the transaction is malformed, whatever the store holds. */
export function checkTxn(request: TxnRequest): void {
  checkOps(request, MAX_TXN_OPS);
  checkOverlaps(request.success);
  checkOverlaps(request.failure);
}

function checkOps({ compare, success, failure }: TxnRequest, allowed: number): void {
  const most = Math.max(compare.length, success.length, failure.length);
  if (most > allowed) throw tooManyOps();
  for (const { key } of compare) if (key.length === 0) throw emptyKey();
  for (const op of [...success, ...failure]) checkOp(op, allowed - most);
}

function checkOp(op: RequestOp, allowed: number): void {
  switch (op.request) {
    case 'requestRange':
      return checkRange(op.requestRange);
    case 'requestPut':
      return checkPut(op.requestPut);
    case 'requestDeleteRange':
      return checkDeleteRange(op.requestDeleteRange);
    case 'requestTxn':
      return checkOps(op.requestTxn, allowed);
    case undefined:
      // etcd's answer to an empty operation
      throw keyNotFound();
  }
}

interface Touched {
  readonly puts: Set<string>;
  readonly deletions: { readonly from: string; readonly to: string }[];
}

/**
 * No key may be put twice in one revision, nor put where the transaction deletes. The two branches of a nested transaction exclude each other,
 * so they may name the same key. As in etcd the range end "\0" counts here as that key, not as "all that follow": such a deletion
 * overlaps with nothing.
 */
function checkOverlaps(ops: readonly RequestOp[]): Touched {
  const puts = new Set<string>();
  const deletions = ops.flatMap((op) =>
    op.request === 'requestDeleteRange' ? [deletionOf(op.requestDeleteRange)] : [],
  );
  const add = (key: string, exclusive?: ReadonlySet<string>) => {
    if (puts.has(key) && exclusive?.has(key) !== true) throw duplicateKey();
    if (deletions.some(({ from, to }) => from <= key && key < to)) throw duplicateKey();
    puts.add(key);
  };
  for (const op of ops) {
    if (op.request !== 'requestTxn') continue;
    const success = checkOverlaps(op.requestTxn.success);
    const failure = checkOverlaps(op.requestTxn.failure);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) add(key, success.puts);
    deletions.push(...success.deletions, ...failure.deletions);
  }
  for (const op of ops) if (op.request === 'requestPut') add(binaryKey(op.requestPut.key));
  return { puts, deletions };
}

function deletionOf({ key, rangeEnd }: DeleteRangeRequest): { from: string; to: string } {
  const from = binaryKey(key);
  return { from, to: rangeEnd.length === 0 ? `${from}\0` : binaryKey(rangeEnd) };
}
