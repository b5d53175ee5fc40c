import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createMemoryLocks } from './memory-locks.ts';

function setup() {
  const clock = fakeClock({ settles: 'promises' });
  const locks = createMemoryLocks({
    schedule: (ms, run) => clock.schedule(ms, run),
    timeoutMs: 200,
    timedOut: () => new Error('timed out'),
  });
  const got: string[] = [];
  const take = (owner: object, name: string, keys: readonly string[]) =>
    locks.acquire(owner, keys).then(
      () => got.push(name),
      () => got.push(`${name} failed`),
    );
  return { clock, locks, got, take };
}

test('a lock is held by one, and handed on in the order in which others asked', async () => {
  const { clock, locks, got, take } = setup();
  const [a, b, c] = [{}, {}, {}];
  void take(a, 'a', ['x']);
  void take(b, 'b', ['x']);
  void take(c, 'c', ['x', 'y']);
  await clock.advance(0);
  expect(got).toEqual(['a']);
  locks.release(a);
  await clock.advance(0);
  expect(got).toEqual(['a', 'b']);
  locks.release(b);
  await clock.advance(0);
  expect(got).toEqual(['a', 'b', 'c']);
});

test('who waits for too long gives up, and is not handed the lock afterwards', async () => {
  const { clock, locks, got, take } = setup();
  const [a, b, c] = [{}, {}, {}];
  void take(a, 'a', ['x']);
  void take(b, 'b', ['x']);
  await clock.advance(150);
  void take(c, 'c', ['x']);
  await clock.advance(50);
  expect(got).toEqual(['a', 'b failed']);
  locks.release(a);
  await clock.advance(0);
  expect(got).toEqual(['a', 'b failed', 'c']);
});

test('what is held already is not waited for', async () => {
  const { clock, got, take } = setup();
  const a = {};
  void take(a, 'once', ['x']);
  void take(a, 'twice', ['x']);
  await clock.advance(0);
  expect(got).toEqual(['once', 'twice']);
});
