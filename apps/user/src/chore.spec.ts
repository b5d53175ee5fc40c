import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { createChore } from './chore.ts';

function setup(work: () => Promise<void>) {
  const clock = fakeClock();
  const warn = vi.fn();
  const chore = createChore({
    name: 'dusting',
    work,
    everyMs: 1_000,
    schedule: (ms, run) => clock.schedule(ms, run),
    random: () => 0.5,
    log: { warn },
  });
  return { clock, warn, chore };
}

test('what fails is told, and done again the next time; not after the stop', async () => {
  const failure = new Error('no database');
  const { clock, warn, chore } = setup(() => Promise.reject(failure));
  await chore.start();
  for (const times of [1, 2]) {
    await clock.advance(1_000);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(times));
  }
  expect(warn).toHaveBeenLastCalledWith({ err: failure }, 'dusting failed');
  await chore.stop();
  await clock.advance(10_000);
  expect(warn).toHaveBeenCalledTimes(2);
});

test('the stop waits for what is under way', async () => {
  const gate = Promise.withResolvers<undefined>();
  const { clock, chore } = setup(async () => gate.promise);
  await chore.start();
  await clock.advance(1_000);
  const stopped = vi.fn();
  const stopping = chore.stop().then(stopped);
  await clock.advance(1_000);
  expect(stopped).not.toHaveBeenCalled();
  gate.resolve(undefined);
  await stopping;
});
