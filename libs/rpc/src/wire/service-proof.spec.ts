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
  expect(verify(first)).toBeUndefined();
  expect(verify(second)).toBe('order');
  expect(createVerifier('other', clock)(second)).toBeUndefined();
});

test('the proof has the agreed form', () => {
  const clock = fakeClock({ start: 1_000_000 });
  expect(createProver('order', 'k', clock)()).toMatch(/^order\.1600\.[A-Za-z0-9_-]{43}$/);
});

test('a name that would break the form is refused', () => {
  expect(() => createProver('a.b', 'k', fakeClock())).toThrow(TypeError);
});
