import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { childOf, formatTraceparent, newTrace, parseTraceparent } from './index.ts';

const VALID = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('reads and writes the header of the standard', () => {
  const trace = parseTraceparent(VALID, 'vendor=1');
  expect(trace).toEqual({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    sampled: true,
    state: 'vendor=1',
  });
  expect(formatTraceparent(trace!)).toBe(VALID);
});

test.each(['00', '01', 'a2', 'ff'])('flags %s say whether it is sampled', (flags) => {
  const trace = parseTraceparent(`${VALID.slice(0, 53)}${flags}`);
  expect(trace?.sampled).toBe((Number.parseInt(flags, 16) & 1) === 1);
});

test('a later version with more fields is read as far as it is known', () => {
  expect(parseTraceparent(`cc-${VALID.slice(3)}-what-the-future-brings`)).toMatchObject({ sampled: true });
});

test.each([
  undefined,
  '',
  'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  `${VALID}-more`,
  `cc${VALID.slice(2)}more`,
  `cc${VALID.slice(2)}-m\nore`,
  VALID.slice(0, -1),
  VALID.replaceAll('-', '_'),
  VALID.replace('b7', 'g7'),
  VALID.replace('b7', 'b\u0137'),
])('%s is not a trace', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test('a child stays in its trace under a span of its own', () => {
  const parent = newTrace();
  const child = childOf(parent);
  expect(childOf({ ...parent, sampled: true, state: 'vendor=1' })).toMatchObject({ sampled: true, state: 'vendor=1' });
  expect(child.traceId).toBe(parent.traceId);
  expect(child.spanId).not.toBe(parent.spanId);
});

test.prop([fc.string()])('no header makes it throw', (header) => {
  const trace = parseTraceparent(header);
  if (trace !== undefined) expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace);
});
