import { expect, test } from 'vitest';
import { KeySpace, type HistoryLimits } from './key-space.ts';
import { NO_LEASE } from './wire.ts';

function keySpace(history: Partial<HistoryLimits> = {}) {
  const links = { attach: () => undefined, detach: () => undefined };
  const limits = { revisions: 10_000, bytes: 1_000_000, ...history };
  const keys = new KeySpace({ links, history: limits, onCommit: () => undefined });
  const put = (key: string, value = 'v') => keys.write((writer) => writer.put(key, Buffer.from(value), NO_LEASE));
  const remove = (key: string) => keys.write((writer) => writer.delete({ kind: 'key', key }));
  return { keys, put, remove };
}

test('history is kept for as many revisions as asked, and not many more', () => {
  const { keys, put } = keySpace({ revisions: 100 });
  for (let count = 0; count < 1_000; count += 1) {
    put(`k${count % 3}`, String(count));
    const kept = keys.revision - Math.max(1, keys.compactedRevision);
    expect(kept).toBeLessThanOrEqual(125);
    if (count > 125) expect(kept).toBeGreaterThanOrEqual(100);
  }
  const past = keys.find({ kind: 'key', key: 'k0' }, { revision: keys.revision - 90 });
  expect(past.kvs[0]?.value.toString()).toBe('909');
});

test('history is kept within its bytes, what is live stays', () => {
  const { keys, put } = keySpace({ bytes: 100_000 });
  put('other', 'x'.repeat(50_000));
  for (let count = 0; count < 100; count += 1) {
    put('k', 'x'.repeat(10_000));
    expect(keys.bytes.kept - keys.bytes.live).toBeLessThanOrEqual(100_000);
  }
  expect(keys.bytes.live).toBeGreaterThan(60_000);
  expect(keys.get('other')?.value).toHaveLength(50_000);
});

test('nothing is left of keys that are deleted and compacted away', () => {
  const { keys, put, remove } = keySpace();
  for (let count = 0; count < 2_000; count += 1) {
    put(`k${count}`);
    remove(`k${count}`);
  }
  keys.compact(keys.revision);
  expect(keys.bytes).toEqual({ live: 0, kept: 0 });
  expect(keys.find({ kind: 'span', from: '', to: undefined })).toEqual({ kvs: [], count: 0 });
});
