import { AppError } from '@stampede/errors';
import { tcpLink, useDatabase } from '@stampede/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { awaitDatabase, CommitUnknownError, connectDatabase } from './index.ts';

const log = { info: vi.fn(), warn: vi.fn() };

test('what is asked of a database that is away is asked again until it is back', async () => {
  const { url } = await useDatabase('away');
  const { hostname, port } = new URL(url);
  const link = await tcpLink({ target: () => ({ host: hostname, port: Number(port) }) });
  const through = new URL(url);
  through.port = String(link.port);
  const database = connectDatabase({ url: through.href, applicationName: 'away', acquireTimeoutMs: 200 });
  onTestFinished(async () => {
    await database.close();
    await link.close();
  });
  link.cut();
  let asked = 0;
  const answer = awaitDatabase(
    () => {
      asked += 1;
      if (asked === 2) link.heal();
      return database.query('SELECT 1 AS one');
    },
    { log },
  );
  expect(await answer).toEqual([{ one: 1 }]);
  expect(asked).toBeGreaterThanOrEqual(2);
});

test.each([
  new AppError('RESOURCE_EXHAUSTED', 'DATABASE_BUSY', 'busy'),
  new CommitUnknownError(new Error('lost')),
  Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
])('%s passes', async (failure) => {
  const work = vi.fn().mockRejectedValueOnce(failure).mockResolvedValueOnce('done');
  expect(await awaitDatabase(work, { log })).toBe('done');
});

test('what does not pass is thrown at once, and what does not pass in time readably', async () => {
  const broken = new Error('syntax error');
  const work = vi.fn().mockRejectedValue(broken);
  await expect(awaitDatabase(work, { log })).rejects.toBe(broken);
  expect(work).toHaveBeenCalledTimes(1);
  const refused = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  await expect(awaitDatabase(refused, { log, waitMs: 0 })).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
});
