import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { NOWHERE } from '@stampede/collections';
import { Pulse } from './pulse.ts';

function setup() {
  const clock = fakeClock();
  const state = { owed: 0, alive: true, asked: 0, said: [] as boolean[], signs: 0 };
  const pulse = new Pulse({
    silenceMs: 250,
    async ask(ms) {
      state.asked += 1;
      if (state.alive) return true;
      await clock.sleep(ms);
      return false;
    },
    owed: () => state.owed,
    changed: (silent) => state.said.push(silent),
    clock,
  });
  pulse.listen({ place: NOWHERE, fellSilent: () => (state.signs += 1) });
  const start = () => {
    state.owed += 1;
    pulse.started();
  };
  const answer = () => {
    state.owed -= 1;
    pulse.heard();
  };
  return { clock, pulse, state, start, answer };
}

test('who answers in time is never asked', async () => {
  const { clock, state, start, answer } = setup();
  for (let n = 0; n < 100; n += 1) {
    start();
    await clock.advance(20);
    answer();
  }
  expect(state).toMatchObject({ asked: 0, said: [] });
  await clock.advance(10_000);
  expect(clock.pending).toBe(0);
});

test('a slow handler is asked for a sign of life, gives it, and is not silent', async () => {
  const { clock, pulse, state, start, answer } = setup();
  start();
  await clock.advance(2_000);
  answer();
  expect(state.asked).toBeGreaterThan(2);
  expect(pulse.silent).toBe(false);
  expect(state).toMatchObject({ said: [], signs: 0 });
});

test('a call that begins after a long rest waits its full time before anybody asks', async () => {
  const { clock, state, start } = setup();
  start();
  state.owed = 0;
  await clock.advance(240);
  start();
  await clock.advance(240);
  expect(state.asked).toBe(0);
  await clock.advance(10);
  expect(state.asked).toBe(1);
});

test('who gives no sign of life is silent after twice the time, told again and again, until it is heard', async () => {
  const { clock, pulse, state, start, answer } = setup();
  state.alive = false;
  start();
  await clock.advance(499);
  expect(pulse.silent).toBe(false);
  await clock.advance(1);
  expect(pulse.silent).toBe(true);
  await clock.advance(1_000);
  expect(state).toMatchObject({ said: [true], signs: 3 });
  answer();
  expect(pulse.silent).toBe(false);
  expect(state.said).toEqual([true, false]);
});

test('who is silent is asked on though nobody waits any more, and is back with its first sign of life', async () => {
  const { clock, pulse, state, start } = setup();
  state.alive = false;
  start();
  state.owed = 0;
  await clock.advance(1_000);
  expect(pulse.silent).toBe(false);
  state.owed = 1;
  pulse.started();
  await clock.advance(500);
  state.owed = 0;
  await clock.advance(5_000);
  expect(pulse.silent).toBe(true);
  state.alive = true;
  await clock.advance(500);
  expect(pulse.silent).toBe(false);
  await clock.advance(500);
  expect(clock.pending).toBe(0);
});

test('another connection begins anew; what was asked on the former one counts for nothing', async () => {
  const { clock, pulse, state, start } = setup();
  state.alive = false;
  start();
  await clock.advance(400);
  pulse.reset();
  await clock.advance(200);
  expect(pulse.silent).toBe(false);
  pulse.started();
  await clock.advance(600);
  expect(pulse.silent).toBe(true);
  pulse.reset();
  expect(pulse.silent).toBe(false);
});
