import type protobuf from 'protobufjs';
import type { Place, Reading } from './reading.ts';
import { kindOf, type ValueCodec } from './value-codec.ts';

/** Enums: names in JSON; numbers are read as well, unknown ones too where the enum is open, as proto3's are. */
export function enumCodec(type: protobuf.Enum): ValueCodec {
  const numbers = new Map(Object.entries(type.values));
  // With aliases the first name of a number is the one to write.
  const names = new Map([...numbers].reverse().map(([name, number]) => [number, `"${name}"`]));
  const some = [...numbers.keys()].slice(0, 20).join(', ');

  const read = (json: unknown, place: Place, reading: Reading): number | null => {
    if (typeof json === 'string') return numbers.get(json) ?? reading.refuse(place, `must be one of ${some}`);
    if (typeof json !== 'number') return reading.refuse(place, `must be one of ${some}, not ${kindOf(json)}`);
    return (json | 0) === json ? json : reading.refuse(place, `must be one of ${some}, or a number of 32 bits`);
  };
  return {
    read,
    readText: (text, place, reading) => read(/^-?[0-9]{1,10}$/.test(text) ? Number(text) : text, place, reading),
    write: (value) => names.get(value as number) ?? String(value),
  };
}
