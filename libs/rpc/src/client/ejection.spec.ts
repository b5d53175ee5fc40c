import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { afterCall, atTime, trusted, type EjectionState } from './ejection.ts';

const half = () => 0.5;
const fail = (state: EjectionState, now: number) => afterCall(state, false, true, now, half);
const succeed = (state: EjectionState, now: number) => afterCall(state, true, true, now, half);

function failTimes(times: number, from: EjectionState = trusted, now = 0): EjectionState {
  return Array.from({ length: times }).reduce<EjectionState>((state) => fail(state, now), from);
}

test('five failures in a row set an instance aside, four and a success do not', () => {
  expect(failTimes(4).kind).toBe('trusted');
  expect(failTimes(5).kind).toBe('ejected');
  expect(failTimes(4, succeed(failTimes(4), 0)).kind).toBe('trusted');
});

test('after its time it is on probation: one failure, and for twice as long; one success, and it is trusted', () => {
  const ejected = failTimes(5);
  expect(atTime(ejected, 999).kind).toBe('ejected');
  const probation = atTime(ejected, 1_000);
  expect(probation.kind).toBe('probation');
  expect(succeed(probation, 1_000).kind).toBe('trusted');
  const again = fail(probation, 1_000);
  expect(atTime(again, 2_999).kind).toBe('ejected');
  expect(atTime(again, 3_000).kind).toBe('probation');
});

test('a clean minute forgets how often it was set aside', () => {
  const once = succeed(atTime(failTimes(5), 1_000), 1_000);
  expect(once).toMatchObject({ times: 1 });
  expect(atTime(once, 62_000)).toMatchObject({ times: 0 });
});

test.prop([
  fc.array(fc.record({ ok: fc.boolean(), allowed: fc.boolean(), after: fc.nat(40_000) })),
  fc.double({ min: 0, max: 0.999, noNaN: true }),
])('is set aside only where allowed, after enough failures, and never for more than 36 seconds', (calls, coin) => {
  let state: EjectionState = trusted;
  let now = 0;
  let inARow = 0;
  for (const { ok, allowed, after } of calls) {
    now += after;
    const before = atTime(state, now);
    const next = afterCall(before, ok, allowed, now, () => coin);
    inARow = ok ? 0 : inARow + 1;
    if (next.kind === 'ejected' && before.kind !== 'ejected') {
      expect(allowed && !ok).toBe(true);
      expect(before.kind === 'probation' || inARow >= 5).toBe(true);
      expect(next.until - now).toBeGreaterThan(0);
      expect(next.until - now).toBeLessThanOrEqual(36_000);
    }
    state = next;
  }
  expect(atTime(state, now + 36_001).kind).not.toBe('ejected');
});
