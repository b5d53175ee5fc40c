import { AppError } from '@stampede/errors';
import { systemClock } from '@stampede/lifecycle';
import type { Database } from '@stampede/postgres';
import { createChannel, staticDiscovery } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { configSchema } from './config.ts';
import { createOrderApp } from './order-app.ts';

const log = silentLogger();

test('a database that goes away while the service starts is waited for', async () => {
  const asked = new Map<string, number>();
  const answer = (text: string): Promise<object[]> => {
    const times = (asked.get(text) ?? 0) + 1;
    asked.set(text, times);
    if (times === 1) return Promise.reject(new AppError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'away'));
    return Promise.resolve(text.includes('clock_timestamp') ? [{ now: new Date() }] : []);
  };
  const db: Database = {
    query: <Row extends object>(text: string) => answer(text) as Promise<Row[]>,
    transaction: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
  };
  const channel = createChannel({
    service: 'nobody',
    discovery: staticDiscovery({ nobody: [] }),
    caller: { service: 'order' },
    log,
  });
  onTestFinished(() => channel.close());
  const app = await createOrderApp({
    instance: 'order-1',
    db,
    readDb: db,
    booksDb: db,
    inventory: channel,
    payment: channel,
    config: () => configSchema.parse({}),
    clock: systemClock,
    random: Math.random,
    log,
  });
  await app.start();
  await app.stop(0);
  expect(asked.get('SELECT clock_timestamp() AS now')).toBe(2);
  expect(asked.get('SELECT outbox_make_partitions($1) AS made')).toBe(2);
});
