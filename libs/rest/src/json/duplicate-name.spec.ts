import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { duplicateName } from './duplicate-name.ts';

const find = (text: string) => duplicateName(text, JSON.parse(text));

const DEEP = '['.repeat(5_000);

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{ "a" : 1 , "b":{}, "a"\n:\t2}', 'a'],
  ['{"a":[{"b":1},{"b":1,"c":"\\"","b":2}]}', 'a[1].b'],
  ['[[{"":1,"":1}]]', '[0][0].'],
  ['{"a":{"x":1},"b":{"x":1,"x":[]}}', 'b.x'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
])('%s gives %s twice', (text, name) => {
  expect(find(text)).toBe(name);
});

test.each([
  '1',
  '""',
  '"a:b"',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":1}]',
  '{"a":"\\\\","b":"\\":"}',
  '{"a":"a\\":","b":":"}',
])('%s gives no name twice', (text) => {
  expect(find(text)).toBeUndefined();
});

test('depth hides nothing, and is no duplicate', () => {
  expect(find(`${DEEP}{"a":1,"a":1}${']'.repeat(5_000)}`)).toMatch(/\[0\]\.a$/);
  expect(find(`${DEEP}{"a":1}${']'.repeat(5_000)}`)).toBeUndefined();
});

property.prop([fc.jsonValue(), fc.constantFrom(undefined, 2)])(
  'what was written from a value has no duplicates',
  (value, indent) => {
    expect(find(JSON.stringify(value, undefined, indent))).toBeUndefined();
  },
);
