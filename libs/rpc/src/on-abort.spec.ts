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

test('however many wait, one listener is added to the signal', () => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  for (let n = 0; n < 10; n += 1) onAbort(signal, () => undefined);
  expect(add).toHaveBeenCalledOnce();
});
