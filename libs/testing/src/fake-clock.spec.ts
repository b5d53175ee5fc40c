import { expect, test } from 'vitest';
import { fakeClock } from './index.ts';

test('timers run in the order they fall due, each at its own moment', async () => {
  const clock = fakeClock({ start: 1_000 });
  const seen: [string, number, number][] = [];
  const note = (name: string) => () => void seen.push([name, clock.now(), clock.monotonic()]);
  clock.schedule(30, note('c'));
  clock.schedule(10, note('a'));
  clock.schedule(10, note('b'));
  clock.schedule(31, note('late'));
  await clock.advance(30);
  expect(seen).toEqual([
    ['a', 1_010, 10],
    ['b', 1_010, 10],
    ['c', 1_030, 30],
  ]);
  expect(clock.pending).toBe(1);
});

test('what a timer sets in motion, promises and event loop turns included, may set the next timer in the same advance', async () => {
  const clock = fakeClock();
  const beats: number[] = [];
  const beat = async () => {
    beats.push(clock.monotonic());
    await new Promise((resolve) => setImmediate(resolve));
    clock.schedule(10, () => void beat());
  };
  void beat();
  await clock.advance(45);
  expect(beats).toEqual([0, 10, 20, 30, 40]);
});

test('promises alone settle all the same, however long their chain', async () => {
  const clock = fakeClock({ settles: 'promises' });
  const beats: number[] = [];
  const beat = async () => {
    beats.push(clock.monotonic());
    for (let hop = 0; hop < 1_000; hop += 1) await Promise.resolve();
    clock.schedule(10, () => void beat());
  };
  void beat();
  await clock.advance(45);
  expect(beats).toEqual([0, 10, 20, 30, 40]);
});

test('a cancelled timer never runs', async () => {
  const clock = fakeClock();
  let ran = false;
  clock.schedule(1, () => (ran = true))();
  await clock.advance(10);
  expect(ran).toBe(false);
});

test('sleep wakes in time, and rejects with the reason of an abort', async () => {
  const clock = fakeClock();
  let awake = false;
  void clock.sleep(50).then(() => (awake = true));
  await clock.advance(49);
  expect(awake).toBe(false);
  await clock.advance(1);
  expect(awake).toBe(true);

  const reason = new Error('enough');
  const abort = new AbortController();
  const asleep = clock.sleep(50, abort.signal);
  abort.abort(reason);
  await expect(asleep).rejects.toBe(reason);
  await expect(clock.sleep(50, abort.signal)).rejects.toBe(reason);
  expect(clock.pending).toBe(0);
});

test('a jump of the wall clock moves neither the monotonic one nor the timers', async () => {
  const clock = fakeClock({ start: 0 });
  let ran = false;
  clock.schedule(10, () => (ran = true));
  clock.jump(3_600_000);
  await clock.advance(9);
  expect([clock.now(), clock.monotonic(), ran]).toEqual([3_600_009, 9, false]);
});
