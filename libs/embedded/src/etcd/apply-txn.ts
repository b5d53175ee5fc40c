import { applyRange } from './apply-range.ts';
import { compareHolds } from './compare-holds.ts';
import { keyNotFound, leaseNotFound } from './etcd-error.ts';
import { binaryKey, keyRange } from './key-range.ts';
import type { KeySpace, Writer } from './key-space.ts';
import {
  NO_LEASE,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type LeaseId,
  type PutRequest,
  type PutResponse,
  type RequestOp,
  type ResponseOp,
  type TxnRequest,
  type TxnResponse,
} from './wire.ts';

export interface TxnTarget {
  readonly keys: KeySpace;
  readonly leases: { has(id: LeaseId): boolean };
}

/** Which branch a transaction takes, and those nested in it: decided before anything is written, as etcd does. */
interface Chosen {
  readonly succeeded: boolean;
  readonly ops: readonly { readonly op: RequestOp; readonly nested: Chosen | undefined }[];
}

/**
 * Runs a transaction that `checkTxn` let pass: one revision at most, none where nothing changes.
 * @throws EtcdError, and then nothing is written.
 */
export function applyTxn(target: TxnTarget, request: TxnRequest): TxnResponse {
  const chosen = choose(target.keys, request);
  checkChosen(target, chosen);
  return target.keys.write((writer) => {
    const response = run(target.keys, writer, chosen);
    return { ...response, header: { revision: writer.revision() } };
  });
}

/** Before a put its lease must be there. @throws EtcdError */
export function checkLease({ leases }: Pick<TxnTarget, 'leases'>, { lease }: PutRequest): void {
  if (lease !== NO_LEASE && !leases.has(lease)) throw leaseNotFound();
}

/** Before a put its key must be there, where the old value or lease is to be kept. @throws EtcdError */
export function checkKept({ keys }: Pick<TxnTarget, 'keys'>, { key, ignoreValue, ignoreLease }: PutRequest): void {
  if ((ignoreValue || ignoreLease) && keys.get(binaryKey(key)) === undefined) throw keyNotFound();
}

export function applyPut(keys: KeySpace, writer: Writer, request: PutRequest): PutResponse {
  const key = binaryKey(request.key);
  const previous = keys.get(key);
  // A copy: the request's bytes are a view of a much larger network buffer.
  const value = request.ignoreValue && previous !== undefined ? previous.value : Buffer.from(request.value);
  writer.put(key, value, request.ignoreLease && previous !== undefined ? previous.lease : request.lease);
  const header = { revision: writer.revision() };
  return request.prevKv && previous !== undefined ? { header, prevKv: previous } : { header };
}

export function applyDeleteRange(writer: Writer, request: DeleteRangeRequest): DeleteRangeResponse {
  const deleted = writer.delete(keyRange(request.key, request.rangeEnd));
  return {
    header: { revision: writer.revision() },
    deleted: deleted.length,
    prevKvs: request.prevKv ? deleted : [],
  };
}

function choose(keys: KeySpace, request: TxnRequest): Chosen {
  const succeeded = request.compare.every((compare) => compareHolds(keys, compare));
  const ops = succeeded ? request.success : request.failure;
  return {
    succeeded,
    ops: ops.map((op) => ({ op, nested: op.request === 'requestTxn' ? choose(keys, op.requestTxn) : undefined })),
  };
}

/** In the order of etcd 3.4 and 3.5, which shows where several things are wrong: all puts, then all ranges. */
function checkChosen(target: TxnTarget, chosen: Chosen): void {
  const ops = [...opsIn(chosen)];
  for (const op of ops) {
    if (op.request !== 'requestPut') continue;
    checkKept(target, op.requestPut);
    checkLease(target, op.requestPut);
  }
  for (const op of ops) {
    if (op.request === 'requestRange') target.keys.checkReadable(Number(op.requestRange.revision));
  }
}

function* opsIn({ ops }: Chosen): Generator<RequestOp, void, undefined> {
  for (const { op, nested } of ops) {
    if (nested === undefined) yield op;
    else yield* opsIn(nested);
  }
}

function run(keys: KeySpace, writer: Writer, { succeeded, ops }: Chosen): TxnResponse {
  const responses: ResponseOp[] = [];
  for (const { op, nested } of ops) {
    if (nested !== undefined) responses.push({ responseTxn: run(keys, writer, nested) });
    else if (op.request === 'requestRange') {
      responses.push({ responseRange: applyRange(keys, op.requestRange, writer.revision()) });
    } else if (op.request === 'requestPut') responses.push({ responsePut: applyPut(keys, writer, op.requestPut) });
    else if (op.request === 'requestDeleteRange') {
      responses.push({ responseDeleteRange: applyDeleteRange(writer, op.requestDeleteRange) });
    }
  }
  return { header: {}, succeeded, responses };
}
