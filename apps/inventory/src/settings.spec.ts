import { expect, test } from 'vitest';
import { settingsSchema } from './settings.ts';

test('ships with batches of 256, and a free port on loopback', () => {
  expect(settingsSchema.parse({})).toEqual({
    database: { connections: 10 },
    batch: { maxSize: 256, maxQueued: 10_000, lanes: 2 },
  });
});

test.each([{ batch: { maxSize: 0 } }, { batch: { lanes: 1.5 } }, { database: { connections: 1 } }])(
  'refuses %j',
  (settings) => {
    expect(settingsSchema.safeParse(settings).success).toBe(false);
  },
);
