import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { displayedName, displayNameRule } from './display-name.ts';

test.each(['Ann', ' Ann Lee ', '李小龍', 'Zoë', '👩‍👩‍👧', 'نورة', 'x'.repeat(100), '😀'.repeat(100)])(
  'a name may be %j',
  (name) => {
    expect(displayNameRule(name)).toBeUndefined();
  },
);

test.each([
  ['', 'is required'],
  ['  ', 'is required'],
  ['x'.repeat(101), 'must have at most 100 characters'],
  ['x'.repeat(1_000_000), 'must have at most 100 characters'],
  ['Ann\u0000', 'must not have control characters'],
  ['Ann\nLee', 'must not have control characters'],
  ['Ann\u2028Lee', 'must not have control characters'],
  ['Ann\udc00', 'must not have control characters'],
  ['Ann\u202eeeL', 'must not change the direction of text'],
  ['\u200b\u200d', 'must have a character that can be seen'],
])('a name may not be %j', (name, description) => {
  expect(displayNameRule(name)).toBe(description);
});

property.prop([fc.string({ unit: 'binary' })])('an accepted name has something to see and no NUL', (text) => {
  if (displayNameRule(text) !== undefined) return;
  expect(displayedName(text)).not.toBe('');
  expect(displayedName(text)).not.toContain('\0');
});
