import { expect, test } from 'vitest';
import { auditFigures, brokenPromise, countLost } from './audit.ts';

const clean = { oversold: 0, doubleCharged: 0, lost: 0, other: [] };

test('a kept promise is no reason to be silent', () => {
  expect(brokenPromise('stampede', clean)).toBeUndefined();
});

test.each([
  [{ oversold: 1 }, 'stampede: 1 products oversold'],
  [{ doubleCharged: 2 }, 'stampede: 2 orders charged twice'],
  [{ lost: 3 }, 'stampede: 3 acknowledged orders lost'],
  [{ lost: 1, other: ['zero sum: 4'] }, 'stampede: 1 acknowledged orders lost; zero sum: 4'],
])('%j is one', (found, reason) => {
  expect(brokenPromise('stampede', { ...clean, ...found })).toBe(reason);
});

test('an acknowledged order that no paid one answers to is lost', () => {
  expect(countLost(new Set(['a', 'b', 'c']), [{ key: 'b' }, { key: 'never heard of' }])).toBe(2);
  expect(countLost(new Set(), [])).toBe(0);
  expect(auditFigures({ ...clean, lost: 2, other: ['x'] })).toEqual({ oversold: 0, doubleCharged: 0, lost: 2 });
});
