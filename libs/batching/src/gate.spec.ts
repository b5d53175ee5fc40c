import { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import { createGate, type GateLimits } from './index.ts';

/** A gate whose time passes when the test says so. */
function setup(over: Partial<GateLimits> = {}) {
  const timers = new Map<() => void, number>();
  const limits = { maxMs: 50, crowd: 64, maxQueued: 1_000, ...over };
  const gate = createGate({
    limits: () => limits,
    schedule(ms, run) {
      timers.set(run, ms);
      return () => timers.delete(run);
    },
  });
  /** Who went on, in the order in which they did. */
  const inside: string[] = [];
  const leaves = new Map<string, () => void>();
  const come = async (name: string, signal?: AbortSignal) => {
    const leave = await gate.enter(signal);
    inside.push(name);
    leaves.set(name, leave);
  };
  return {
    timers,
    limits,
    inside,
    come,
    leave: (...names: string[]) => {
      for (const name of names) leaves.get(name)?.();
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

test('who comes alone goes on at the end of the turn, with all who came in it', async () => {
  const { come, inside } = setup();
  void come('a');
  void come('b');
  expect(inside).toEqual([]);
  await turn();
  expect(inside).toEqual(['a', 'b']);
});

test('who comes while a group is under way goes on with the others who came, once no more than a quarter of it is left', async () => {
  const { come, inside, leave } = setup();
  for (const name of names(4, 'a')) void come(name);
  await turn();
  void come('b');
  await turn();
  void come('c');
  leave('a0', 'a2');
  await turn();
  expect(inside).toHaveLength(4);
  leave('a3');
  await turn();
  expect(inside.slice(4)).toEqual(['b', 'c']);
  // The straggler of the first group is none of the second.
  leave('a1');
  void come('d');
  await turn();
  expect(inside).toHaveLength(6);
  leave('b', 'c');
  await turn();
  expect(inside.slice(6)).toEqual(['d']);
});

test('a group that takes long keeps others waiting for so long and no longer', async () => {
  const { come, inside, leave, timers } = setup({ maxMs: 50 });
  void come('a');
  await turn();
  void come('b');
  await turn();
  expect([inside, [...timers.values()]]).toEqual([['a'], [50]]);
  for (const run of timers.keys()) run();
  await turn();
  expect(inside).toEqual(['a', 'b']);
  // A group that is through leaves no timer; one that was given up is not through a second time.
  leave('a', 'b');
  expect(timers.size).toBe(0);
  for (const name of ['c', 'd']) {
    void come(name);
    await turn();
  }
  expect(inside).toEqual(['a', 'b', 'c']);
});

test('a crowd does not wait for the group before it, but for the one before that', async () => {
  const { come, inside, leave } = setup({ crowd: 3 });
  void come('a');
  await turn();
  for (const name of names(2, 'b')) void come(name);
  await turn();
  expect(inside).toEqual(['a']);
  void come('b2');
  await turn();
  expect(inside).toEqual(['a', 'b0', 'b1', 'b2']);
  for (const name of names(5, 'c')) void come(name);
  await turn();
  expect(inside).toHaveLength(4);
  leave('a');
  await turn();
  expect(inside).toHaveLength(9);
});

test('a group has a greatest size', async () => {
  const { come, inside, leave } = setup();
  for (const name of names(600, 'a')) void come(name);
  await turn();
  await turn();
  expect(inside).toHaveLength(512);
  leave(...names(192, 'a'));
  await turn();
  expect(inside).toHaveLength(600);
});

test('who gives up while waiting is told so, and keeps nobody else waiting', async () => {
  const { come, inside, leave } = setup();
  void come('a');
  await turn();
  const leaving = new AbortController();
  const gaveUp = come('b', leaving.signal);
  leaving.abort(new Error('no more time'));
  leave('a');
  await expect(gaveUp).rejects.toThrow('no more time');
  void come('c');
  await turn();
  expect(inside).toEqual(['a', 'c']);
});

test('so many wait and no more', async () => {
  const { come, inside, leave } = setup({ maxQueued: 1 });
  void come('a');
  await turn();
  void come('b');
  await expect(come('c')).rejects.toSatisfy((error) => error instanceof AppError && error.reason === 'QUEUE_FULL');
  leave('a');
  await turn();
  expect(inside).toEqual(['a', 'b']);
});

test('a gate of no time keeps nobody waiting, from the moment that it is one', async () => {
  const { come, inside, limits } = setup();
  void come('a');
  await turn();
  limits.maxMs = 0;
  await come('b');
  expect(inside).toEqual(['a', 'b']);
});
