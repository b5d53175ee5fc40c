import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Change } from './event-log.ts';
import { openJournal } from './journal.ts';
import { NO_LEASE } from './wire.ts';

let folder: string;
const log = { info: vi.fn(), warn: vi.fn() };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (revision: number, key: string, value: string, lease = NO_LEASE): Change => ({
  kind: 'put',
  key,
  version: {
    ...{ key: Buffer.from(key), value: Buffer.from(value), lease },
    ...{ createRevision: revision, modRevision: revision, version: 1 },
  },
});

test('what is recorded in one turn of the event loop is one line', async () => {
  const { journal } = await openJournal(folder, log);
  const lines = async () => (await readFile(join(folder, 'journal'), 'utf8')).split('\n').length - 1;
  const before = await lines();
  expect(journal.settled()).toBeUndefined();
  for (let revision = 2; revision < 1_000; revision += 1) {
    journal.record(revision, [put(revision, `k${revision}`, 'v')]);
    expect(journal.settled()).toBeDefined();
  }
  await journal.settled();
  expect(journal.settled()).toBeUndefined();
  expect((await lines()) - before).toBe(1);
  await journal.close();
});

test('leased keys cost no write, and yet no revision is given again after a crash', async () => {
  const { journal } = await openJournal(folder, log);
  let waited = 0;
  for (let revision = 2; revision <= 30_000; revision += 1) {
    journal.record(revision, [put(revision, 'leased', 'v', '7')]);
    const settled = journal.settled();
    if (settled === undefined) continue;
    waited += 1;
    await settled;
  }
  expect(waited).toBe(2);
  // Not closed before: a crash.
  const { restored, journal: next } = await openJournal(folder, log);
  expect(restored?.revision).toBeGreaterThan(30_001);
  expect(restored?.versions).toEqual([]);
  await next.close();
  await journal.close();
});

test('large changes of one turn are cut into lines, and all are there', async () => {
  const { journal } = await openJournal(folder, log);
  for (let revision = 2; revision < 32; revision += 1) {
    journal.record(revision, [put(revision, `k${revision}`, 'x'.repeat(1_000_000))]);
  }
  await journal.settled();
  const { restored, journal: next } = await openJournal(folder, log);
  expect(restored?.versions).toHaveLength(30);
  await next.close();
  await journal.close();
});

test('once a write has failed nothing settles any more', async () => {
  const { journal } = await openJournal(folder, log);
  await rm(folder, { recursive: true });
  // More than the file may hold before it is rewritten, in a folder that is gone.
  journal.record(2, [put(2, 'k', 'x'.repeat(5_000_000))]);
  await expect(journal.settled()).rejects.toThrow('ENOENT');
  journal.record(3, [put(3, 'k', 'v')]);
  await expect(journal.settled()).rejects.toThrow('ENOENT');
  expect(log.warn).toHaveBeenCalledTimes(1);
  await expect(journal.close()).rejects.toThrow('ENOENT');
});
