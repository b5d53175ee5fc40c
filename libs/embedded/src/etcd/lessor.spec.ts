import { beforeEach, expect, test } from 'vitest';
import { Lessor } from './lessor.ts';
import { manualClock, type ManualClock } from './test-support/manual-clock.ts';

let clock: ManualClock;
let lessor: Lessor;
let expired: string[][];
let scheduled: number;

beforeEach(() => {
  clock = manualClock();
  expired = [];
  scheduled = 0;
  let id = 0;
  lessor = new Lessor({
    clock: {
      ...clock,
      schedule: (ms, run) => {
        scheduled += 1;
        return clock.schedule(ms, run);
      },
    },
    newId: () => String((id += 1)),
    onExpired: (keys) => void expired.push([...keys]),
  });
});

test('a lease expires at its time, with its keys in order', () => {
  const { id } = lessor.grant('0', 5);
  for (const key of ['b', 'c', 'a']) lessor.attach(id, key);
  lessor.detach(id, 'c');
  clock.advance(4_999);
  expect([expired, lessor.view(id)?.remaining]).toEqual([[], 0]);
  clock.advance(1);
  expect(expired).toEqual([['a', 'b']]);
  expect([lessor.has(id), lessor.keepAlive(id), lessor.list()]).toEqual([false, 0, []]);
});

test('a keep-alive gives it the whole time again', () => {
  const { id } = lessor.grant('0', 5);
  for (let count = 0; count < 10; count += 1) {
    clock.advance(4_000);
    expect(lessor.keepAlive(id)).toBe(5);
  }
  clock.advance(4_999);
  expect(expired).toEqual([]);
  clock.advance(1);
  expect(expired).toHaveLength(1);
});

test('an id that is revoked and granted again lives its new time', () => {
  lessor.grant('77', 5);
  clock.advance(4_000);
  lessor.remove('77');
  lessor.grant('77', 5);
  clock.advance(4_000);
  expect(lessor.view('77')).toMatchObject({ granted: 5, remaining: 1 });
  clock.advance(1_000);
  expect(expired).toHaveLength(1);
});

test('a shorter lease expires before a longer one that was granted first', () => {
  const [long, short] = [lessor.grant('0', 60), lessor.grant('0', 3)];
  lessor.attach(long.id, 'long');
  lessor.attach(short.id, 'short');
  clock.advance(3_000);
  expect(expired).toEqual([['short']]);
  clock.advance(57_000);
  expect(expired).toEqual([['short'], ['long']]);
});

test('a lease of three hundred years outlives the longest timer', () => {
  lessor.grant('1', 9_000_000_000);
  clock.advance(2 ** 31 * 3);
  expect(expired).toEqual([]);
  expect(lessor.has('1')).toBe(true);
});

test('ten thousand leases kept alive need few timers, and expire together when nobody does', () => {
  const ids = Array.from({ length: 10_000 }, () => lessor.grant('0', 10).id);
  for (let second = 0; second < 30; second += 3) {
    clock.advance(3_000);
    for (const id of ids) lessor.keepAlive(id);
  }
  expect(expired).toEqual([]);
  expect(scheduled).toBeLessThan(50);
  clock.advance(10_000);
  expect(expired).toHaveLength(10_000);
});

test('after the process stood still, waiting keep-alives are heard before leases expire', () => {
  const [kept, left] = [lessor.grant('0', 5).id, lessor.grant('0', 5).id];
  clock.stall(60_000);
  expect([lessor.keepAlive(kept), lessor.has(left), expired]).toEqual([5, true, []]);
  lessor.grant('0', 2);
  clock.advance(1_000);
  expect([lessor.has(kept), lessor.has(left)]).toEqual([true, false]);
});

test('leases that come and go leave nothing behind', () => {
  for (let count = 0; count < 20_000; count += 1) lessor.remove(lessor.grant('0', 1_000_000).id);
  scheduled = 0;
  clock.advance(2_000_000_000);
  expect([expired, lessor.list()]).toEqual([[], []]);
  expect(scheduled).toBeLessThan(5);
});
