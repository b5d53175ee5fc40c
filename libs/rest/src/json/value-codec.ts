import type { Place, Reading } from './reading.ts';

/** One protobuf value (of a scalar, enum or message type) in and out of JSON; made once at start, for a type, not for a request. */
export interface ValueCodec {
  /** From parsed JSON to what protobufjs encodes; null if refused. `depth` counts the messages around it. */
  readonly read: (json: unknown, place: Place, reading: Reading, depth: number) => unknown;
  /** From a path segment or a query parameter; absent where the type has no form there. */
  readonly readText?: (text: string, place: Place, reading: Reading) => unknown;
  /** From what protobufjs decodes to JSON text. */
  readonly write: (value: unknown) => string;
  /** Whether JSON null is a value of the type (google.protobuf.Value, NullValue) and not an absent field. */
  readonly nullable?: boolean;
}

/** How deep messages may nest: the limit of the protobuf runtimes. @see https://protobuf.dev/programming-guides/proto-limits/ */
export const MAX_DEPTH = 100;

/** What JSON calls the type of a value, for error messages. */
export function kindOf(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  return typeof json === 'object' ? 'an object' : `a ${typeof json === 'bigint' ? 'number' : typeof json}`;
}

export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
