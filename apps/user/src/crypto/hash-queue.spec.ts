import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { createHashQueue } from './hash-queue.ts';

/** A piece of work that ends when it is told to. */
function piece() {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const it = { began: false, end: () => resolve(undefined), work: () => ((it.began = true), promise) };
  return it;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('runs so many at once, lets so many wait, in order, and refuses the rest', async () => {
  const queue = createHashQueue(() => ({ concurrency: 1, waiting: 2 }));
  const pieces = [piece(), piece(), piece()] as const;
  const runs = pieces.map(({ work }) => queue.run(work));
  await expect(queue.run(piece().work)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOO_MANY_LOGINS',
  });
  await settled();
  expect(pieces.map(({ began }) => began)).toEqual([true, false, false]);
  pieces[0].end();
  await settled();
  expect(pieces.map(({ began }) => began)).toEqual([true, true, false]);
  for (const { end } of pieces) end();
  await Promise.all(runs);
  await expect(queue.run(async () => 'free again')).resolves.toBe('free again');
});

test('who gives up while waiting leaves the queue, and the work is not done', async () => {
  const queue = createHashQueue(() => ({ concurrency: 1, waiting: 1 }));
  const [first, second, third] = [piece(), piece(), piece()];
  const caller = new AbortController();
  const running = queue.run(first.work);
  const waiting = queue.run(second.work, caller.signal);
  caller.abort(new Error('out of time'));
  await expect(waiting).rejects.toThrow('out of time');
  const next = queue.run(third.work);
  first.end();
  third.end();
  await Promise.all([running, next]);
  expect([second.began, third.began]).toEqual([false, true]);
  await expect(queue.run(second.work, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
});

test('work that fails gives its place back', async () => {
  const queue = createHashQueue(() => ({ concurrency: 1, waiting: 0 }));
  await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(queue.run(async () => 1)).resolves.toBe(1);
});

test('a higher limit is used by those who wait already', async () => {
  const limits = { concurrency: 1, waiting: 10 };
  const queue = createHashQueue(() => limits);
  const pieces = [piece(), piece(), piece(), piece()] as const;
  const runs = pieces.map(({ work }) => queue.run(work));
  limits.concurrency = 3;
  pieces[0].end();
  await settled();
  expect(pieces.map(({ began }) => began)).toEqual([true, true, true, true]);
  for (const { end } of pieces) end();
  await Promise.all(runs);
});

property.prop([
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 0, max: 5 }),
  fc.array(fc.record({ turns: fc.nat(3), fails: fc.boolean(), abortAfter: fc.option(fc.nat(4)) }), { maxLength: 30 }),
])('never more at once than allowed, and everyone is answered', async (concurrency, waiting, jobs) => {
  const queue = createHashQueue(() => ({ concurrency, waiting }));
  let running = 0;
  let most = 0;
  const outcomes = await Promise.allSettled(
    jobs.map(async ({ turns, fails, abortAfter }) => {
      const caller = new AbortController();
      const work = async () => {
        most = Math.max(most, (running += 1));
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        running -= 1;
        if (fails) throw new Error('broken');
      };
      const run = queue.run(work, caller.signal);
      if (abortAfter !== null) void wait(abortAfter).then(() => caller.abort(new Error('out of time')));
      await run;
    }),
  );
  expect(outcomes).toHaveLength(jobs.length);
  expect(most).toBeLessThanOrEqual(concurrency);
  await expect(queue.run(async () => 'free')).resolves.toBe('free');
});

async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}
