import type { AuditResult } from '@stampede/testing';
import { expect, test } from 'vitest';
import { judge } from './judge.ts';

const finding = (name: string, broken = 0, figures: Record<string, number> = {}) => ({
  name,
  broken,
  figures,
  violations: broken > 0 ? [`what is wrong with ${name}`] : [],
});
const found = (...over: ReturnType<typeof finding>[]): AuditResult => ({
  clean: over.length === 0,
  moving: 0,
  findings: ['stock', 'reservations', 'charges', 'explained', 'zero sum', 'outcomes'].map(
    (name) => over.find((each) => each.name === name) ?? finding(name),
  ),
});

test.each([
  ['all is well', found(), { oversold: 0, doubleCharged: 0, other: [] }],
  ['more went out than came in', found(finding('stock', 2)), { oversold: 2, doubleCharged: 0, other: [] }],
  [
    'somebody was charged twice',
    found(finding('charges', 1, { doubled: 1 })),
    { oversold: 0, doubleCharged: 1, other: [] },
  ],
  [
    'a charge is wrong in another way',
    found(finding('charges', 3, { doubled: 0 })),
    { oversold: 0, doubleCharged: 0, other: ['charges: 3 (what is wrong with charges)'] },
  ],
  [
    'something else does not hold',
    { ...found(finding('outcomes', 1)), moving: 4 },
    { oversold: 0, doubleCharged: 0, other: ['outcomes: 1 (what is wrong with outcomes)', '4 orders not at rest'] },
  ],
])('%s', (_, result, expected) => {
  expect(judge(result)).toEqual(expected);
});

test('an audit that lost a finding proves nothing', () => {
  const { findings, ...rest } = found();
  expect(() => judge({ ...rest, findings: findings.slice(1) })).toThrow('says nothing of "stock"');
});
