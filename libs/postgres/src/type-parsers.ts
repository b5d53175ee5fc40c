import pg from 'pg';

/** Object ids of types, as in pg_type. */
const INT8 = 20;
const INT8_ARRAY = 1016;
const TIMESTAMPTZ = 1184;

type Parser = (text: string) => unknown;

/** Its types know only the built-in types' ids; there are others. */
const byOid: (oid: number, format?: 'text' | 'binary') => Parser = pg.types.getTypeParser;

/** pg's own parsers, but int8 as a number: money in minor units and counts fit, and what does not fit must not be rounded in silence. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
    if (format !== 'binary' && oid === INT8) return safeInteger;
    if (format !== 'binary' && oid === INT8_ARRAY) return safeIntegers;
    if (format !== 'binary' && oid === TIMESTAMPTZ) return timestamp;
    return byOid(oid, format);
  },
};

const otherTimestamp = byOid(TIMESTAMPTZ, 'text');
const UTC_TIMESTAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

/** The rows of a batch bear few different times: what was read a moment ago is not read again. */
const readLately = new Map<string, number>();
const MAX_READ_LATELY = 256;

/** As Postgres writes it where the session's time zone is UTC; all other forms as pg reads them. */
function timestamp(text: string): unknown {
  const known = readLately.get(text);
  if (known !== undefined) return new Date(known);
  if (!UTC_TIMESTAMP.test(text)) return otherTimestamp(text);
  const read = new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  if (readLately.size >= MAX_READ_LATELY) readLately.clear();
  readLately.set(text, read.getTime());
  return read;
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is beyond what a number holds exactly`);
  return value;
}

function safeIntegers(text: string): (number | null)[] {
  const inner = /^\{([^{}]*)\}$/.exec(text)?.[1];
  if (inner === undefined) throw new RangeError('int8 arrays of several dimensions are not read');
  return inner === '' ? [] : inner.split(',').map((item) => (item === 'NULL' ? null : safeInteger(item)));
}
