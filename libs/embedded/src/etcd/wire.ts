/**
 * The messages of the etcd v3 API as they cross this server's edge (proto/etcd/*.proto). Every int64 that arrives is a decimal string, so that
 * none is rounded. Revisions, versions and counts are numbers inside: they count up from 1 and stay exact, and a larger number in a request
 * still compares right with them. Lease ids are 63-bit numbers that clients choose, and stay decimal strings throughout.
 */

/** A signed 64-bit integer as a decimal string. */
export type Int64 = string;
/** A lease id as a decimal string; `NO_LEASE` where there is none. */
export type LeaseId = Int64;
export const NO_LEASE: LeaseId = '0';

export interface ResponseHeader {
  readonly clusterId: string;
  readonly memberId: string;
  readonly revision: number;
  readonly raftTerm: number;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Buffer;
  readonly lease: LeaseId;
}

export const EventType = { put: 0, delete: 1 } as const;
export interface Event {
  readonly type: 0 | 1;
  readonly kv: Partial<KeyValue>;
  readonly prevKv?: KeyValue;
}

export const SortOrder = { none: 0, ascend: 1, descend: 2 } as const;
export const SortTarget = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;

export interface RangeRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly limit: Int64;
  readonly revision: Int64;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: Int64;
  readonly maxModRevision: Int64;
  readonly minCreateRevision: Int64;
  readonly maxCreateRevision: Int64;
}

/** A response that is complete but for the ids in its header, which the edge adds. */
export interface Headed {
  readonly header: { readonly revision?: number };
}

export interface RangeResponse extends Headed {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: LeaseId;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface PutResponse extends Headed {
  readonly prevKv?: KeyValue;
}

export interface DeleteRangeRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly prevKv: boolean;
}

export interface DeleteRangeResponse extends Headed {
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

/** `request` names the member that is set; it is absent in an empty operation. */
export type RequestOp =
  | { readonly request: 'requestRange'; readonly requestRange: RangeRequest }
  | { readonly request: 'requestPut'; readonly requestPut: PutRequest }
  | { readonly request: 'requestDeleteRange'; readonly requestDeleteRange: DeleteRangeRequest }
  | { readonly request: 'requestTxn'; readonly requestTxn: TxnRequest }
  | { readonly request?: undefined };

export type ResponseOp =
  | { readonly responseRange: RangeResponse }
  | { readonly responsePut: PutResponse }
  | { readonly responseDeleteRange: DeleteRangeResponse }
  | { readonly responseTxn: TxnResponse };

export const CompareResult = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
export const CompareTarget = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

export interface Compare {
  readonly result: number;
  readonly target: number;
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  /** Names the member that is set: a client may set one that is not the target's. */
  readonly targetUnion?: 'version' | 'createRevision' | 'modRevision' | 'value' | 'lease';
  readonly version?: Int64;
  readonly createRevision?: Int64;
  readonly modRevision?: Int64;
  readonly value?: Buffer;
  readonly lease?: LeaseId;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse extends Headed {
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface CompactionRequest {
  readonly revision: Int64;
}

export const FilterType = { noPut: 0, noDelete: 1 } as const;

export interface WatchCreateRequest {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  readonly startRevision: Int64;
  readonly progressNotify: boolean;
  readonly filters: readonly number[];
  readonly prevKv: boolean;
  readonly watchId: Int64;
  readonly fragment: boolean;
}

export type WatchRequest =
  | { readonly requestUnion: 'createRequest'; readonly createRequest: WatchCreateRequest }
  | { readonly requestUnion: 'cancelRequest'; readonly cancelRequest: { readonly watchId: Int64 } }
  | { readonly requestUnion: 'progressRequest' }
  | { readonly requestUnion?: undefined };

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly watchId: Int64;
  readonly created?: true;
  readonly canceled?: true;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  readonly fragment?: boolean;
  readonly events?: readonly Event[];
}

export interface LeaseGrantRequest {
  readonly TTL: Int64;
  readonly ID: LeaseId;
}

export interface LeaseRequest {
  readonly ID: LeaseId;
}

export interface LeaseTimeToLiveRequest extends LeaseRequest {
  readonly keys: boolean;
}
