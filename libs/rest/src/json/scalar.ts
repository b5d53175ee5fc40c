import { integerCodec, isIntegerType, isLongType, longCodec } from './integer.ts';
import type { Place, Reading } from './reading.ts';
import { kindOf, type ValueCodec } from './value-codec.ts';
import { writeString } from './write-string.ts';

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const MAX_FLOAT = 3.4028234663852886e38;
/** Half a unit beyond the greatest float still rounds down to it. */
const MAX_ROUNDED_FLOAT = 3.4028235677973366e38;
const SPECIAL = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** The codec of a scalar type by its name in proto. */
export function scalarCodec(type: string): ValueCodec {
  if (isIntegerType(type)) return integerCodec(type);
  if (isLongType(type)) return longCodec(type);
  switch (type) {
    case 'bool':
      return boolCodec;
    case 'string':
      return stringCodec;
    case 'bytes':
      return bytesCodec;
    case 'float':
      return numberCodec(MAX_ROUNDED_FLOAT, writeFloat);
    case 'double':
      return numberCodec(Number.POSITIVE_INFINITY, String);
    default:
      throw new Error(`${type} is no scalar type`);
  }
}

const boolCodec: ValueCodec = {
  read(json, place, reading) {
    return typeof json === 'boolean' ? json : reading.refuse(place, `must be true or false, not ${kindOf(json)}`);
  },
  readText(text, place, reading) {
    return text === 'true' || (text === 'false' ? false : reading.refuse(place, 'must be true or false'));
  },
  write: String,
};

export function readString(json: unknown, place: Place, reading: Reading): string | null {
  if (typeof json !== 'string') return reading.refuse(place, `must be a string, not ${kindOf(json)}`);
  if (!json.isWellFormed()) return reading.refuse(place, 'must be valid Unicode, not half a surrogate pair');
  if (reading.refuseNul && json.includes('\0')) return reading.refuse(place, 'must not contain U+0000');
  return json;
}

const stringCodec: ValueCodec = {
  read: readString,
  readText: readString,
  write: (value) => writeString(value as string),
};

function readBytes(json: unknown, place: Place, reading: Reading): Uint8Array | null {
  if (typeof json !== 'string') return reading.refuse(place, `must be base64 in a string, not ${kindOf(json)}`);
  const digits = json.replace(/=+$/, '').length;
  if (!BASE64.test(json) || digits % 4 === 1 || (digits < json.length && json.length % 4 !== 0)) {
    return reading.refuse(place, 'must be base64');
  }
  return Buffer.from(json, 'base64');
}

const bytesCodec: ValueCodec = {
  read: readBytes,
  readText: readBytes,
  // The default of protobufjs is an empty array, not bytes.
  write: (value) => `"${Buffer.from(value as Uint8Array).toString('base64')}"`,
};

function numberCodec(limit: number, write: (value: number) => string): ValueCodec {
  const read = (json: unknown, place: Place, reading: Reading): number | null => {
    if (typeof json === 'string' && SPECIAL.has(json)) return SPECIAL.get(json) ?? null;
    const number = typeof json === 'bigint' || (typeof json === 'string' && NUMBER.test(json)) ? Number(json) : json;
    if (typeof number !== 'number') return reading.refuse(place, `must be a number, not ${kindOf(json)}`);
    if (!Number.isFinite(number) || Math.abs(number) >= limit) return reading.refuse(place, 'is out of range');
    return Math.abs(number) > MAX_FLOAT && limit === MAX_ROUNDED_FLOAT ? Math.sign(number) * MAX_FLOAT : number;
  };
  return {
    read,
    readText: read,
    write: (value) => (Number.isFinite(value) ? write(value as number) : `"${String(value)}"`),
  };
}

/** The shortest decimal that names the same float: what was sent as 0.1 is not answered as 0.10000000149011612. */
function writeFloat(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
