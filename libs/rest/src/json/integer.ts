import type { Place, Reading } from './reading.ts';
import { kindOf, type ValueCodec } from './value-codec.ts';

/** A JSON number as text: no plus sign, no leading zero, no space. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const DIGITS = /^-?(?:0|[1-9][0-9]*)$/;

const RANGES = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  sfixed32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
} as const;

const LONG_RANGES = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
} as const;

export type IntegerType = keyof typeof RANGES;
export type LongType = keyof typeof LONG_RANGES;

export function isIntegerType(type: string): type is IntegerType {
  return Object.hasOwn(RANGES, type);
}

export function isLongType(type: string): type is LongType {
  return Object.hasOwn(LONG_RANGES, type);
}

/** 32-bit integers: numbers in JSON; strings and `1.0`, `1e3` are read as well. */
export function integerCodec(type: IntegerType): ValueCodec {
  const [min, max] = RANGES[type];
  const read = (json: unknown, place: Place, reading: Reading): number | null => {
    const number = typeof json === 'string' && NUMBER.test(json) ? Number(json) : json;
    if (typeof number === 'bigint') return reading.refuse(place, `must be between ${min} and ${max}`);
    if (typeof number !== 'number') return reading.refuse(place, `must be an integer, not ${kindOf(json)}`);
    if (!Number.isInteger(number)) return reading.refuse(place, 'must be an integer');
    if (number < min || number > max) return reading.refuse(place, `must be between ${min} and ${max}`);
    return number === 0 ? 0 : number;
  };
  return { read, readText: read, write: String };
}

/** 64-bit integers: strings in JSON, since a double cannot hold them all; numbers are read as well. */
export function longCodec(type: LongType): ValueCodec {
  const [min, max] = LONG_RANGES[type];
  const unsigned = min === 0n;
  const read = (json: unknown, place: Place, reading: Reading): unknown => {
    if (typeof json === 'number' && Number.isSafeInteger(json)) {
      return unsigned && json < 0 ? reading.refuse(place, `must be between ${min} and ${max}`) : json;
    }
    const exact = exactInteger(json);
    if (exact === undefined) {
      const wrong = typeof json === 'string' || typeof json === 'number' ? '' : `, not ${kindOf(json)}`;
      return reading.refuse(place, `must be an integer${wrong}`);
    }
    if (exact < min || exact > max) return reading.refuse(place, `must be between ${min} and ${max}`);
    if (exact >= Number.MIN_SAFE_INTEGER && exact <= Number.MAX_SAFE_INTEGER) return Number(exact);
    if (reading.safeIntegers) {
      return reading.refuse(place, `must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`);
    }
    return longOf(exact, unsigned);
  };
  return { read, readText: read, write: (value) => `"${digitsOf(value as number | Long)}"` };
}

/** A 64-bit integer as protobufjs decodes it, and takes it where no double holds it. */
export interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** The nearest double: the integer itself up to 2^53. */
export function numberOf(value: number | Long): number {
  if (typeof value === 'number') return value;
  return (value.unsigned ? value.high >>> 0 : value.high) * 2 ** 32 + (value.low >>> 0);
}

/** The decimal digits of a 64-bit integer. Most are small, and much cheaper to write as doubles. */
export function digitsOf(value: number | Long): string {
  const near = numberOf(value);
  if (typeof value === 'number' || Number.isSafeInteger(near)) return String(near);
  const bits = (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
  return String(value.unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits));
}

function longOf(value: bigint, unsigned: boolean): Long {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned };
}

function exactInteger(json: unknown): bigint | undefined {
  if (typeof json === 'bigint') return json;
  if (typeof json === 'string' && json.length <= 64) {
    if (DIGITS.test(json)) return BigInt(json);
    const number = NUMBER.test(json) ? Number(json) : Number.NaN;
    return Number.isInteger(number) && Math.abs(number) < 2 ** 64 ? BigInt(number) : undefined;
  }
  return typeof json === 'number' && Number.isInteger(json) && Math.abs(json) <= 2 ** 64 ? BigInt(json) : undefined;
}
