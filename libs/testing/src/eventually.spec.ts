import { expect, test } from 'vitest';
import { eventually } from './index.ts';

test('it tries until the assertion passes and gives its value', async () => {
  let tries = 0;
  const value = await eventually(() => {
    tries += 1;
    if (tries < 3) throw new Error('not yet');
    return tries;
  });
  expect(value).toBe(3);
});

test('once time is up it throws the last failure', async () => {
  let tries = 0;
  const failing = eventually(
    () => {
      tries += 1;
      throw new Error(`try ${tries}`);
    },
    { timeoutMs: 30, intervalMs: 1 },
  );
  await expect(failing).rejects.toThrow(/^try \d+$/);
  expect(tries).toBeGreaterThan(1);
});
