import type { Answer } from './answer.ts';
import { applyRange, checkRange } from './apply-range.ts';
import { applyDeleteRange, applyPut, applyTxn, checkKept, checkLease } from './apply-txn.ts';
import { checkDeleteRange, checkPut, checkTxn } from './check-txn.ts';
import { noSpace, requestTooLarge } from './etcd-error.ts';
import type { EtcdNode } from './etcd-node.ts';
import type { CompactionRequest, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from './wire.ts';

/** Bytes of a request, as in etcd: 1.5 MiB. */
export const MAX_REQUEST_BYTES = 1.5 * 1024 * 1024;

export function kvService(node: EtcdNode, answer: Answer) {
  const { keys, leases } = node;
  return {
    range: answer((request: RangeRequest) => {
      checkRange(request);
      return applyRange(keys, request, keys.revision);
    }),
    put: answer((request: PutRequest) => {
      checkPut(request);
      checkRoom(node, [request]);
      checkLease({ leases }, request);
      checkKept({ keys }, request);
      return keys.write((writer) => applyPut(keys, writer, request));
    }),
    deleteRange: answer((request: DeleteRangeRequest) => {
      checkDeleteRange(request);
      return keys.write((writer) => applyDeleteRange(writer, request));
    }),
    txn: answer((request: TxnRequest) => {
      checkTxn(request);
      checkRoom(node, putsIn(request));
      return applyTxn({ keys, leases }, request);
    }),
    compact: answer((request: CompactionRequest) => {
      keys.compact(Number(request.revision));
      return {};
    }),
  };
}

function putsIn({ success, failure }: TxnRequest): PutRequest[] {
  const putsOf = (op: RequestOp) => {
    if (op.request === 'requestTxn') return putsIn(op.requestTxn);
    return op.request === 'requestPut' ? [op.requestPut] : [];
  };
  return [...success, ...failure].flatMap(putsOf);
}

function checkRoom({ keys, quotaBytes }: EtcdNode, puts: readonly PutRequest[]): void {
  const bytes = puts.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  if (bytes > MAX_REQUEST_BYTES) throw requestTooLarge();
  if (bytes > 0 && keys.bytes.live + bytes > quotaBytes) throw noSpace();
}
