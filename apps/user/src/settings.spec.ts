import { loadConfig } from '@stampede/config';
import { silentLogger } from '@stampede/telemetry';
import { expect, test } from 'vitest';
import { settingsSchema } from './settings.ts';

test('ships with tokens of 15 minutes and 30 days and with the parameters of OWASP', () => {
  const { tokens, passwords } = settingsSchema.parse({});
  expect(tokens).toEqual({ accessSeconds: 900, refreshSeconds: 2_592_000 });
  expect(passwords).toMatchObject({ memoryKib: 19_456, passes: 2, parallelism: 1, waiting: 100 });
  expect(passwords.concurrency).toBeGreaterThanOrEqual(1);
  expect(passwords.concurrency).toBeLessThanOrEqual(3);
});

test.each([
  { tokens: { accessSeconds: 0 } },
  { passwords: { passes: 0 } },
  { passwords: { memoryKib: 16, parallelism: 4 } },
  { passwords: { concurrency: 1.5 } },
])('refuses %j', (settings) => {
  expect(settingsSchema.safeParse(settings).success).toBe(false);
});

test('can be set by the environment, one by one', async () => {
  const env = { USER_PASSWORDS_MEMORY_KIB: '64', USER_TOKENS_ACCESS_SECONDS: '60', USER_DATABASE_CONNECTIONS: '7' };
  const { current } = await loadConfig({ service: 'user', schema: settingsSchema, env, log: silentLogger() });
  expect(current).toMatchObject({
    database: { connections: 7 },
    tokens: { accessSeconds: 60, refreshSeconds: 2_592_000 },
    passwords: { memoryKib: 64, passes: 2 },
  });
});
