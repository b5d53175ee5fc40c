import { AppError } from '@stampede/errors';
import type { Database } from '@stampede/postgres';
import { silentLogger } from '@stampede/telemetry';
import { expect, test, vi } from 'vitest';
import { createPorts } from './create-ports.ts';
import { settingsSchema } from './settings.ts';

test('a database that goes away between the migrations and the first signing key is waited for', async () => {
  const away = new AppError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'the database cannot be reached');
  const query = vi.fn().mockRejectedValueOnce(away).mockResolvedValueOnce([]).mockRejectedValueOnce(away);
  query.mockResolvedValue([]);
  const database: Database = { query, transaction: vi.fn(), close: () => Promise.resolve() };
  await createPorts(database, () => settingsSchema.parse({}), silentLogger());
  expect(query.mock.lastCall?.[0]).toContain('INSERT INTO signing_keys');
});
