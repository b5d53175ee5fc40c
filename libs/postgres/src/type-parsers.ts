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

/** The rows of a batch bear two times, when they were made and when they were changed: what was just read is not read again. */
let last = { text: '', ms: Number.NaN };
let lastButOne = last;

/** As Postgres writes it where the session's time zone is UTC; all other forms as pg reads them. */
function timestamp(text: string): unknown {
  if (text === last.text) return new Date(last.ms);
  if (text === lastButOne.text) {
    [last, lastButOne] = [lastButOne, last];
    return new Date(last.ms);
  }
  if (!UTC_TIMESTAMP.test(text)) return otherTimestamp(text);
  const read = new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  lastButOne = last;
  last = { text, ms: read.getTime() };
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
