import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createProver, createVerifier } from './service-proof.ts';

test('a proof is made once, renewed before its end, and verifies while it lasts', async () => {
  const clock = fakeClock();
  const prove = createProver('order', 's3cret', clock);
  const verify = createVerifier('s3cret', clock);
  const first = prove();
  expect(prove()).toBe(first);
  expect(verify(first)).toBe('order');
  await clock.advance(500_000);
  const second = prove();
  expect(second).not.toBe(first);
  expect(verify(first)).toBe('order');
  await clock.advance(100_000);
  expect(verify(second)).toBe('order');
  expect(createVerifier('other', clock)(second)).toBeUndefined();
});

const HOUR = 3_600_000;

test.each([
  [HOUR, -HOUR],
  [-HOUR, HOUR],
])('a prover whose clock is off by %i ms is believed by a verifier whose clock is off by %i ms', async (by, other) => {
  const [proving, verifying] = [fakeClock(), fakeClock()];
  proving.jump(by);
  verifying.jump(other);
  const prove = createProver('order', 's3cret', proving);
  const verify = createVerifier('s3cret', verifying);
  for (let minute = 0; minute < 30; minute += 1) {
    expect(verify(prove())).toBe('order');
    await Promise.all([proving.advance(60_000), verifying.advance(60_000)]);
  }
});

test('a proof is good for no longer than its lifetime and what clocks may differ', async () => {
  const clock = fakeClock();
  const verify = createVerifier('s3cret', clock);
  const proof = createProver('order', 's3cret', clock)();
  await clock.advance(600_000 + 7_800_000 - 1);
  expect(verify(proof)).toBe('order');
  await clock.advance(1);
  expect(verify(proof)).toBeUndefined();
});

test('a proof from a future that no clock may be in is refused', () => {
  const [proving, clock] = [fakeClock(), fakeClock()];
  proving.jump(24 * HOUR);
  expect(createVerifier('s3cret', clock)(createProver('order', 's3cret', proving)())).toBeUndefined();
});

test.each([HOUR, -HOUR])('a clock that is set by %i ms makes a new proof', (by) => {
  const clock = fakeClock();
  const prove = createProver('order', 's3cret', clock);
  const before = prove();
  clock.jump(by);
  expect(prove()).not.toBe(before);
});

test('the proof has the agreed form', () => {
  const clock = fakeClock({ start: 1_000_000 });
  expect(createProver('order', 'k', clock)()).toMatch(/^order\.1600\.[A-Za-z0-9_-]{43}$/);
});

test('a name that would break the form is refused', () => {
  expect(() => createProver('a.b', 'k', fakeClock())).toThrow(TypeError);
});
