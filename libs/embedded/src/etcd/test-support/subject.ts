import type { Operation } from './operations.ts';

/** What all servers and the model must agree on. Revisions are offsets from the case's begin; 0 on the wire is `none`. */
export type Offset = number | 'none';

export interface Entry {
  readonly key: string;
  readonly create: Offset;
  readonly mod: Offset;
  readonly version: number;
  readonly value: string;
  /** The slot. */
  readonly lease: number;
}

export type Outcome =
  | { readonly error: string }
  | { readonly revision: Offset; readonly kvs: readonly Entry[]; readonly more: boolean; readonly count: number }
  | { readonly revision: Offset; readonly previous: Entry | undefined }
  | { readonly revision: Offset; readonly deleted: number; readonly previous: readonly Entry[] }
  | { readonly revision: Offset; readonly succeeded: boolean; readonly responses: readonly Outcome[] }
  | { readonly revision: Offset; readonly ttl?: number; readonly keys?: readonly string[] }
  | { readonly leases: readonly number[] };

export interface Happened {
  readonly kind: 'put' | 'delete';
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

/** A watch's story: what happened revision by revision, or from which revision on it could have been told, or why it was refused. */
export type Story = readonly Happened[] | { readonly compacted: Offset } | { readonly refused: string };

/** One case on one server. No operation is run once a story was asked for. */
export interface Subject {
  run(operation: Operation): Promise<Outcome>;
  /** All that has been told to a watch over all keys that was there from the begin. */
  live(): Promise<Story>;
  /** The same of the lookout, without previous versions. */
  liveLookout(): Promise<Story>;
  /** What a watch over all keys, with previous versions, is told that starts at an offset now. */
  late(from: number): Promise<Story>;
  /** The same of the lookout. */
  lateLookout(from: number): Promise<Story>;
}
