/**
 * Arrays bound in Postgres' binary format: neither side writes or reads them as text, which for batches of hundreds is a good part of what a
 * statement costs. Each function gives the value of one parameter, for a statement that casts it to that type (`$1::uuid[]`); null stands for NULL.
 *
 * @see https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/arrayfuncs.c, `array_recv`
 * @example db.query('SELECT * FROM unnest($1::uuid[], $2::bigint[])', [uuidArray(ids), int8Array(amounts)])
 */
type Values<T> = readonly (T | null | undefined)[];

/** `uuid[]`. Throws TypeError for what is none. */
export const uuidArray = (values: Values<string>): Buffer => encode(UUID, values, writeUuid);
/** `text[]`. */
export const textArray = (values: Values<string>): Buffer => encode(TEXT, values, writeText);
/** `jsonb[]`, of values as `JSON.stringify` takes them; undefined is NULL, and so is null. */
export const jsonbArray = (values: Values<object>): Buffer => encode(JSONB, values, writeJsonb);
/** `bytea[]`. */
export const byteaArray = (values: Values<Uint8Array>): Buffer => encode(BYTEA, values, writeBytes);
/** `integer[]`. */
export const int4Array = (values: Values<number>): Buffer => encode(INT4, values, writeInt4);
/** `bigint[]`, of safe integers. */
export const int8Array = (values: Values<number>): Buffer => encode(INT8, values, writeInt8);
/** `double precision[]`. */
export const float8Array = (values: Values<number>): Buffer => encode(FLOAT8, values, writeFloat8);
/** `boolean[]`. */
export const boolArray = (values: Values<boolean>): Buffer => encode(BOOL, values, writeBool);
/** `timestamptz[]`, to the millisecond. */
export const timestampArray = (values: Values<Date>): Buffer => encode(TIMESTAMPTZ, values, writeTimestamp);

/** Object ids of the element types, as in pg_type. */
const [BOOL, BYTEA, INT8, INT4, TEXT, FLOAT8, TIMESTAMPTZ, UUID, JSONB] = [16, 17, 20, 23, 25, 701, 1184, 2950, 3802];

/** Postgres counts microseconds from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const JSONB_VERSION = 1;
const HEADER_BYTES = 20;
/** No character of UTF-16 takes more bytes of UTF-8. */
const UTF8_BYTES_A_UNIT = 3;

/** Where the next array is put together; what is given away is a copy. */
let scratch = Buffer.allocUnsafe(64 * 1024);
let view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);
let at = 0;

function encode<T>(oid: number, values: Values<T>, write: (value: T) => void): Buffer {
  at = 0;
  reserve(HEADER_BYTES);
  const dimensions = values.length === 0 ? 0 : 1;
  for (const word of [dimensions, 0, oid, values.length, 1]) int32(word);
  let nulls = 0;
  for (const value of values) {
    reserve(4);
    if (value === null || value === undefined) {
      nulls = 1;
      int32(-1);
    } else {
      const lengthAt = at;
      at += 4;
      write(value);
      view.setInt32(lengthAt, at - lengthAt - 4);
    }
  }
  view.setInt32(4, nulls);
  return Buffer.from(scratch.subarray(0, dimensions === 0 ? 12 : at));
}

function reserve(bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
  view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);
}

function int32(value: number): void {
  view.setInt32(at, value);
  at += 4;
}

function writeText(value: string): void {
  reserve(value.length * UTF8_BYTES_A_UNIT);
  at += scratch.write(value, at);
}

function writeJsonb(value: object): void {
  reserve(1);
  scratch[at++] = JSONB_VERSION;
  writeText(JSON.stringify(value));
}

function writeBytes(value: Uint8Array): void {
  reserve(value.length);
  scratch.set(value, at);
  at += value.length;
}

function writeInt4(value: number): void {
  if (!Number.isInteger(value) || value !== value >> 0) throw new RangeError(`${value} is no int4`);
  reserve(4);
  int32(value);
}

function writeInt8(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
  reserve(8);
  const high = Math.floor(value / 2 ** 32);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 2 ** 32);
  at += 8;
}

function writeFloat8(value: number): void {
  reserve(8);
  view.setFloat64(at, value);
  at += 8;
}

function writeBool(value: boolean): void {
  reserve(1);
  scratch[at++] = value ? 1 : 0;
}

function writeTimestamp(value: Date): void {
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw new RangeError('an invalid date');
  reserve(8);
  view.setBigInt64(at, BigInt(ms - EPOCH_MS) * 1_000n); // beyond what a number holds exactly from 2285 on
  at += 8;
}

function writeUuid(value: string): void {
  reserve(16);
  let wrong = value.length === UUID_LENGTH ? 0 : -1;
  for (let index = 0; index < UUID_LENGTH; index += 2) {
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (value.charCodeAt(index) !== DASH) wrong = -1;
      index += 1;
    }
    const high = digit(value.charCodeAt(index));
    const low = digit(value.charCodeAt(index + 1));
    wrong |= high | low;
    scratch[at++] = (high << 4) | low;
  }
  if (wrong < 0) throw new TypeError(`${JSON.stringify(value)} is no UUID`);
}

const UUID_LENGTH = 36;
const DASH = 0x2d;

/** What a hexadecimal digit's code stands for; −1 for all others. */
function digit(code: number): number {
  return code < DIGITS.length ? (DIGITS[code] as number) : -1;
}

const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);
