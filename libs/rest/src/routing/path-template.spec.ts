import { expect, test } from 'vitest';
import { parseTemplate } from './path-template.ts';

test('a template is segments, variables and a verb', () => {
  expect(parseTemplate('/v1/{book.name=shelves/*/books/**}:move')).toEqual({
    source: '/v1/{book.name=shelves/*/books/**}:move',
    segments: [
      { kind: 'literal', text: 'v1' },
      { kind: 'literal', text: 'shelves' },
      { kind: 'one' },
      { kind: 'literal', text: 'books' },
      { kind: 'rest' },
    ],
    variables: [{ fieldPath: ['book', 'name'], start: 1, end: 5, multi: true }],
    verb: 'move',
  });
  expect(parseTemplate('/').segments).toEqual([]);
  expect(parseTemplate('/.well-known/a%20b').segments).toEqual([
    { kind: 'literal', text: '.well-known' },
    { kind: 'literal', text: 'a b' },
  ]);
});

test.each([
  'v1',
  '',
  '/v1/',
  '/v1//a',
  '/v1/{',
  '/v1/{}',
  '/v1/{a',
  '/v1/{a=}',
  '/v1/{a={b}}',
  '/v1/{1a}',
  '/v1/{a.}',
  '/v1/**/a',
  '/v1/{a=**}/b',
  '/v1/{a}/{a}',
  '/v1:',
  '/v1:a/b',
  '/v1/a*',
])('%s is no template', (source) => {
  expect(() => parseTemplate(source)).toThrow(/path template/);
});
