import type { Place, Reading } from '../reading.ts';
import type { ValueCodec } from '../value-codec.ts';

/** google.protobuf.Int64Value and its like: the JSON of what they wrap. */
export function wrapperCodec(scalar: ValueCodec): ValueCodec {
  const wrap = (value: unknown) => (value === null || value === undefined ? null : { value });
  return {
    read: (json, place, reading, depth) => wrap(scalar.read(json, place, reading, depth)),
    readText: (text: string, place: Place, reading: Reading) => wrap(scalar.readText?.(text, place, reading)),
    write: (message) => scalar.write((message as { value: unknown }).value),
  };
}
