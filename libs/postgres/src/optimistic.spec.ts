import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createOptimistic } from './index.ts';

test('what is out of the ordinary is done in the way that always works, and so is what follows for a second', async () => {
  const clock = fakeClock();
  const taken = new Error('taken');
  const done = createOptimistic({ failed: (error) => error === taken, monotonic: () => clock.monotonic() });
  const tried: string[] = [];
  const attempt = (error?: Error) =>
    done(
      () => {
        tried.push('usual');
        return error === undefined ? Promise.resolve('usual') : Promise.reject(error);
      },
      () => {
        tried.push('always');
        return Promise.resolve('always');
      },
    );
  expect(await attempt()).toBe('usual');
  expect(await attempt(taken)).toBe('always');
  expect(await attempt()).toBe('always');
  await clock.advance(1_000);
  expect(await attempt()).toBe('usual');
  expect(tried).toEqual(['usual', 'usual', 'always', 'always', 'usual']);
});

test('any other failure is the answer', async () => {
  const done = createOptimistic({ failed: () => false });
  const away = new Error('away');
  const always = () => Promise.resolve('always');
  await expect(done(() => Promise.reject(away), always)).rejects.toBe(away);
  expect(await done(() => Promise.resolve('usual'), always)).toBe('usual');
});
