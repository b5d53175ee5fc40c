import { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import { onceMore } from './once-more.ts';

function failing(...errors: Error[]) {
  const failures: unknown[] = [];
  const closing = new AbortController();
  const run = () =>
    onceMore(() => (errors.length > 0 ? Promise.reject(errors.shift()!) : Promise.resolve('done')), {
      pauseMs: 1,
      signal: closing.signal,
      onFailure: (error) => failures.push(error),
    });
  return { run, failures, closing };
}

test('what passes is tried again', async () => {
  const away = new AppError('UNAVAILABLE', 'NO_INSTANCE', 'nobody there');
  const late = new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'late');
  const { run, failures } = failing(away, late);
  expect(await run()).toBe('done');
  expect(failures).toEqual([away, late]);
});

test('what does not pass is thrown at once', async () => {
  const refused = new AppError('INTERNAL', 'SEED_FAILED', 'the password is another one');
  const { run, failures } = failing(refused);
  await expect(run()).rejects.toBe(refused);
  expect(failures).toEqual([]);
});

test('whoever closes is not held up', async () => {
  const { run, closing } = failing(new AppError('UNAVAILABLE', 'NO_INSTANCE', 'nobody there'));
  closing.abort();
  await expect(run()).rejects.toThrow('aborted');
});
