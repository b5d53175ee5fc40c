import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { onAbort } from './on-abort.ts';

test('all who wait are told once, those who took it back are not', () => {
  const controller = new AbortController();
  const [first, second, gone] = [vi.fn(), vi.fn(), vi.fn()];
  onAbort(controller.signal, first);
  onAbort(controller.signal, gone)();
  onAbort(controller.signal, second);
  controller.abort();
  controller.abort();
  expect([first, second, gone].map((run) => run.mock.calls.length)).toEqual([1, 1, 0]);
});

test('who is told may take others back', () => {
  const controller = new AbortController();
  const second = vi.fn();
  let takeBack = (): void => undefined;
  onAbort(controller.signal, () => takeBack());
  takeBack = onAbort(controller.signal, second);
  controller.abort();
  expect(second).not.toHaveBeenCalled();
});

test('however many wait, the signal has one listener, and none when nobody waits', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const leave = Array.from({ length: 10 }, () => onAbort(signal, () => undefined));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const each of leave) each();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  for (const each of leave) each();
  const late = vi.fn();
  onAbort(signal, late);
  controller.abort();
  expect(late).toHaveBeenCalledOnce();
});
