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
  | { readonly revision: Offset; readonly ttl?: number; readonly keys?: readonly string[] };

export interface Happened {
  readonly kind: 'put' | 'delete';
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

/** A watch's story: what happened revision by revision, or from which revision on it could have been told. */
export type Story = readonly Happened[] | { readonly compacted: Offset };

/** One case on one server. */
export interface Subject {
  run(operation: Operation): Promise<Outcome>;
  /** All that has been told so far to a watch that was there from the begin. */
  live(): Promise<Story>;
  /** What a watch is told that starts at an offset now. */
  late(from: number): Promise<Story>;
}
