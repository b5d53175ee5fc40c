import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { loadContracts } from '../contracts/load-contracts.ts';
import { librarySource } from '../spec/library.ts';
import { createCodecs } from './codecs.ts';
import { HttpError } from '../problem/http-error.ts';
import { parseJson } from './parse-json.ts';
import { startReading, type ReadOptions } from './reading.ts';

const root = loadContracts(librarySource);
const compact = createCodecs(root, { printDefaults: false }).named('library.v1.Everything')!;
const printing = createCodecs(root, { printDefaults: true }).named('library.v1.Everything')!;

/** JSON text in, through protobuf bytes, JSON out. */
function roundTrip(text: string, options: Partial<ReadOptions> = {}): unknown {
  const reading = startReading({ unknownFields: 'refuse', refuseNul: false, safeIntegers: false, ...options });
  const message = compact.read(parseJson(text), undefined, reading, 0);
  reading.finish();
  const bytes = compact.type.encode(message as object).finish();
  return JSON.parse(compact.write(compact.type.decode(bytes)));
}

function violationsOf(text: string, options = {}): string[] {
  try {
    roundTrip(text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).status).toBe(400);
    return (error as HttpError).error.violations.map(({ field }) => field);
  }
  return [];
}

describe('is read, and written in the canonical form', () => {
  test.each([
    ['{}', {}],
    ['{"truth":true,"text":"ü\\n\\"","data":"-_8"}', { truth: true, text: 'ü\n"', data: '+/8=' }],
    ['{"data":"+/8="}', { data: '+/8=' }],
    ['{"int32Value":"7","uint32_value":4294967295}', { int32Value: 7, uint32Value: 4294967295 }],
    ['{"int32Value":1e2,"uint32Value":"2.0"}', { int32Value: 100, uint32Value: 2 }],
    ['{"int32Value":-2147483648}', { int32Value: -2147483648 }],
    ['{"int64Value":9223372036854775807}', { int64Value: '9223372036854775807' }],
    ['{"int64Value":"-9223372036854775808"}', { int64Value: '-9223372036854775808' }],
    ['{"sint64Value":-9007199254740993}', { sint64Value: '-9007199254740993' }],
    ['{"fixed64Value":"18446744073709551615"}', { fixed64Value: '18446744073709551615' }],
    ['{"int64Value":5}', { int64Value: '5' }],
    ['{"floatValue":0.1,"doubleValue":1.5e300}', { floatValue: 0.1, doubleValue: 1.5e300 }],
    ['{"floatValue":"NaN","doubleValue":"-Infinity"}', { floatValue: 'NaN', doubleValue: '-Infinity' }],
    ['{"doubleValue":12345678901234567890}', { doubleValue: 12345678901234567000 }],
    ['{"color":"PINK"}', { color: 'PINK' }],
    ['{"color":1}', { color: 'RED' }],
    ['{"color":77}', { color: 77 }],
    ['{"child":{"child":{}}}', { child: { child: {} } }],
    ['{"list":[{"sku":"a"},{}]}', { list: [{ sku: 'a' }, {}] }],
    ['{"counts":{"__proto__":1,"constructor":2,"":3}}', JSON.parse('{"counts":{"__proto__":1,"constructor":2,"":3}}')],
    [
      '{"byNumber":{"-1":{"sku":"x"},"9007199254740993":{}}}',
      { byNumber: { '-1': { sku: 'x' }, '9007199254740993': {} } },
    ],
    ['{"byTruth":{"true":"t","false":"f"}}', { byTruth: { true: 't', false: 'f' } }],
    ['{"choiceText":""}', { choiceText: '' }],
    ['{"choiceItem":{}}', { choiceItem: {} }],
    ['{"choiceNull":null}', { choiceNull: null }],
    ['{"choiceText":"x","choiceItem":null}', { choiceText: 'x' }],
    ['{"maybe":""}', { maybe: '' }],
    ['{"text":null,"list":null,"counts":null,"child":null}', {}],
    ['{"timestamp":"2026-01-02T03:04:05.120+02:30"}', { timestamp: '2026-01-02T00:34:05.120Z' }],
    ['{"timestamp":"0001-01-01T00:00:00Z"}', { timestamp: '0001-01-01T00:00:00Z' }],
    ['{"timestamp":"9999-12-31T23:59:59.999999999Z"}', { timestamp: '9999-12-31T23:59:59.999999999Z' }],
    ['{"timestamp":"1969-12-31T23:59:59.5Z"}', { timestamp: '1969-12-31T23:59:59.500Z' }],
    ['{"duration":"-0.5s"}', { duration: '-0.500s' }],
    ['{"duration":"315576000000s"}', { duration: '315576000000s' }],
    ['{"duration":"3.000001s"}', { duration: '3.000001s' }],
    ['{"fieldMask":"a.bC,dE"}', { fieldMask: 'a.bC,dE' }],
    ['{"fieldMask":""}', { fieldMask: '' }],
    [
      '{"struct":{"a":[1,null,{"b":true}],"__proto__":"x"}}',
      JSON.parse('{"struct":{"a":[1,null,{"b":true}],"__proto__":"x"}}'),
    ],
    ['{"value":null}', { value: null }],
    ['{"value":[0,"",false]}', { value: [0, '', false] }],
    ['{"values":[null,1]}', { values: [null, 1] }],
    ['{"listValue":[]}', { listValue: [] }],
    [
      '{"any":{"@type":"type.googleapis.com/library.v1.Item","quantity":2}}',
      { any: { '@type': 'type.googleapis.com/library.v1.Item', quantity: 2 } },
    ],
    [
      '{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}',
      { any: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' } },
    ],
    ['{"any":{}}', { any: {} }],
    [
      '{"wrappedInt64":"0","wrappedBool":false,"wrappedBytes":""}',
      { wrappedInt64: '0', wrappedBool: false, wrappedBytes: '' },
    ],
    ['{"nothing":{}}', { nothing: {} }],
    ['{"@odd name":"x"}', { '@odd name': 'x' }],
    ['{"renamed":"x","snake2caseName":"y"}', { '@odd name': 'x', snake2caseName: 'y' }],
  ])('%s', (text, expected) => {
    expect(roundTrip(text)).toEqual(expected);
  });
});

describe('is refused, and the field named', () => {
  test.each([
    ['[]', 'body'],
    ['null', 'body'],
    ['{"nope":1}', 'nope'],
    ['{"__proto__":{"truth":true}}', '__proto__'],
    ['{"constructor":1}', 'constructor'],
    ['{"truth":"true"}', 'truth'],
    ['{"text":1}', 'text'],
    ['{"text":"\\ud800"}', 'text'],
    ['{"data":"a"}', 'data'],
    ['{"data":"a$=="}', 'data'],
    ['{"int32Value":2147483648}', 'int32Value'],
    ['{"int32Value":1.5}', 'int32Value'],
    ['{"int32Value":""}', 'int32Value'],
    ['{"int32Value":" 1"}', 'int32Value'],
    ['{"int32Value":"0x1"}', 'int32Value'],
    ['{"int32Value":true}', 'int32Value'],
    ['{"int32Value":12345678901234567890}', 'int32Value'],
    ['{"uint32Value":-1}', 'uint32Value'],
    ['{"int64Value":"9223372036854775808"}', 'int64Value'],
    ['{"int64Value":9223372036854775808}', 'int64Value'],
    ['{"int64Value":1e30}', 'int64Value'],
    ['{"int64Value":0.5}', 'int64Value'],
    ['{"fixed64Value":-1}', 'fixed64Value'],
    ['{"floatValue":3.5e38}', 'floatValue'],
    ['{"doubleValue":1e400}', 'doubleValue'],
    ['{"doubleValue":"nan"}', 'doubleValue'],
    ['{"color":"BLUE"}', 'color'],
    ['{"color":1.5}', 'color'],
    ['{"color":"1"}', 'color'],
    ['{"child":{"list":[{},{"quantity":-3e9}]}}', 'child.list[1].quantity'],
    ['{"list":{}}', 'list'],
    ['{"list":[null]}', 'list[0]'],
    ['{"counts":{"a\\"b":"x"}}', 'counts["a\\"b"]'],
    ['{"byNumber":{"x":{}}}', 'byNumber["x"]'],
    ['{"byTruth":{"yes":""}}', 'byTruth["yes"]'],
    ['{"choiceText":"","choiceItem":{}}', 'choiceItem'],
    ['{"int32Value":1,"int32_value":2}', 'int32_value'],
    ['{"timestamp":"2026-02-30T00:00:00Z"}', 'timestamp'],
    ['{"timestamp":"2026-01-01"}', 'timestamp'],
    ['{"timestamp":"0001-01-01T00:00:00+01:00"}', 'timestamp'],
    ['{"duration":"1"}', 'duration'],
    ['{"duration":"315576000000.1s"}', 'duration'],
    ['{"fieldMask":"a_b"}', 'fieldMask'],
    ['{"struct":[]}', 'struct'],
    ['{"value":1e400}', 'value'],
    ['{"any":{"quantity":1}}', 'any.@type'],
    ['{"any":{"@type":"x/no.Such"}}', 'any.@type'],
    ['{"any":{"@type":"x/library.v1.Item","quantity":"x"}}', 'any.quantity'],
    ['{"any":{"@type":"x/google.protobuf.Duration"}}', 'any.value'],
    ['{"nothing":{"a":1}}', 'nothing.a'],
  ])('%s', (text, field) => {
    expect(violationsOf(text)).toEqual([field]);
  });
});

test('every broken field is named, up to twenty', () => {
  expect(violationsOf('{"truth":1,"list":[{"quantity":"x"}],"nope":0}')).toEqual(['truth', 'list[0].quantity', 'nope']);
  expect(violationsOf(JSON.stringify({ list: Array.from({ length: 100 }, () => ({ quantity: 'x' })) }))).toHaveLength(
    20,
  );
});

test('unknown fields are dropped where that is asked for', () => {
  expect(roundTrip('{"nope":1,"text":"x","child":{"no":[]}}', { unknownFields: 'drop' })).toEqual({
    text: 'x',
    child: {},
  });
});

test('integers that no double holds are refused where that is asked for', () => {
  expect(roundTrip('{"int64Value":9007199254740991}', { safeIntegers: true })).toEqual({
    int64Value: '9007199254740991',
  });
  for (const beyond of ['9007199254740992', '"-9007199254740992"', '"9223372036854775807"']) {
    expect(violationsOf(`{"int64Value":${beyond}}`, { safeIntegers: true })).toEqual(['int64Value']);
  }
});

test('U+0000 is refused where that is asked for', () => {
  expect(roundTrip('{"text":"\\u0000"}')).toEqual({ text: '\0' });
  expect(violationsOf('{"text":"\\u0000"}', { refuseNul: true })).toEqual(['text']);
});

test.each([
  ['messages', '{"child":', '}'],
  ['structs', '{"struct":{"a":', '}}', '{"a":', '}'],
  ['values', '{"value":', '}', '[', ']'],
])(
  '%s nested deeper than the protobuf runtimes read are refused',
  (_, open, close, innerOpen = open, innerClose = close) => {
    const nested = (depth: number) =>
      open + innerOpen.repeat(depth) + (innerOpen === open ? '{}' : '1') + innerClose.repeat(depth) + close;
    expect(() => roundTrip(nested(20))).not.toThrow();
    expect(violationsOf(nested(2000))).toHaveLength(1);
  },
);

test('fields without presence are written with their defaults where that is asked for, others are not', () => {
  const json = JSON.parse(printing.write(printing.type.decode(new Uint8Array()))) as Record<string, unknown>;
  expect(json).toMatchObject({
    truth: false,
    text: '',
    data: '',
    int32Value: 0,
    int64Value: '0',
    doubleValue: 0,
    color: 'COLOR_UNSPECIFIED',
    list: [],
    counts: {},
  });
  for (const absent of ['child', 'maybe', 'choiceText', 'timestamp', 'wrappedInt64', 'any'])
    expect(json).not.toHaveProperty(absent);
});

const scalars = fc.record(
  {
    truth: fc.boolean(),
    text: fc.string({ unit: 'binary' }),
    data: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    int32Value: fc.integer(),
    uint32Value: fc.nat(),
    int64Value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fixed64Value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    floatValue: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    counts: fc.dictionary(fc.string({ unit: 'binary' }), fc.integer()),
    value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  },
  { requiredKeys: [] },
);

property.prop([scalars])('what is written is what was read', (json) => {
  const message = compact.read(
    JSON.parse(JSON.stringify(json)),
    undefined,
    startReading({ unknownFields: 'refuse', refuseNul: false, safeIntegers: false }),
    0,
  );
  const decoded = compact.type.decode(compact.type.encode(message as object).finish());
  const written = JSON.parse(printing.write(decoded)) as Record<string, unknown>;
  for (const [key, value] of Object.entries(json)) {
    if (key === 'floatValue') expect(Math.fround(written[key] as number)).toBe(Math.fround(value as number));
    else expect(written[key]).toEqual(value);
  }
});

const times = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

property.prop([fc.array(times, { minLength: 1 })])('times are written as a Date writes them', (list) => {
  const { type, write } = createCodecs(root, { printDefaults: false }).named('google.protobuf.Timestamp')!;
  for (const time of list) {
    const seconds = Math.floor(time.getTime() / 1000);
    const nanos = (time.getTime() - seconds * 1000) * 1_000_000;
    const decoded = type.decode(type.encode({ seconds, nanos }).finish());
    expect(write(decoded)).toBe(JSON.stringify(time).replace('.000Z', 'Z'));
  }
});

property.prop([fc.json({ maxDepth: 6 })])('any JSON is read or refused, and nothing else happens', (text) => {
  expect(() => {
    try {
      roundTrip(text);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
    }
  }).not.toThrow();
  expect(({} as Record<string, unknown>)['truth']).toBeUndefined();
});
