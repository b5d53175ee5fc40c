import { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import { createBatcher, type BatcherLimits } from './index.ts';

/** A batcher whose batches end when the test says so. */
function setup(limits: BatcherLimits = {}, fail: (items: readonly number[]) => Error | undefined = () => undefined) {
  const batches: (readonly number[])[] = [];
  const gates: PromiseWithResolvers<undefined>[] = [];
  let open = true;
  const batcher = createBatcher<number, string>({
    limits: () => limits,
    run: async (items) => {
      batches.push(items);
      const gate = Promise.withResolvers<undefined>();
      gates.push(gate);
      if (open) gate.resolve(undefined);
      await gate.promise;
      const failure = fail(items);
      if (failure !== undefined) throw failure;
      return items.map((item) => `did ${item}`);
    },
  });
  return {
    batches,
    batcher,
    close: () => (open = false),
    release: () => {
      open = true;
      for (const gate of gates) gate.resolve(undefined);
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a call alone goes at once; those that come while it is at work go together', async () => {
  const { batches, batcher, close, release } = setup();
  close();
  const first = batcher.add(1);
  await turn();
  const others = [batcher.add(2), batcher.add(3)];
  await turn();
  others.push(batcher.add(4));
  release();
  expect(await Promise.all([first, ...others])).toEqual(['did 1', 'did 2', 'did 3', 'did 4']);
  expect(batches).toEqual([[1], [2, 3, 4]]);
});

test('batches have a greatest size, and as many are at work at once as there are lanes', async () => {
  const { batches, batcher, close, release } = setup({ maxSize: 2, lanes: 2 });
  close();
  const all = [1, 2, 3, 4, 5].map((item) => batcher.add(item));
  await turn();
  await turn();
  await turn();
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
  release();
  await Promise.all(all);
  expect(batches).toHaveLength(3);
});

test('a full queue refuses', async () => {
  const { batcher, close, release } = setup({ maxQueued: 1 });
  close();
  const first = batcher.add(1);
  await turn();
  const second = batcher.add(2);
  await expect(batcher.add(3)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'QUEUE_FULL' });
  release();
  await Promise.all([first, second]);
});

test('who gives up before the batch begins is left out; afterwards the item is done all the same', async () => {
  const { batches, batcher, close, release } = setup();
  close();
  const late = new AbortController();
  const early = new AbortController();
  const first = batcher.add(1, late.signal);
  await turn();
  const second = batcher.add(2, early.signal);
  const third = batcher.add(3);
  const reason = new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'out of time');
  early.abort(reason);
  late.abort(reason);
  release();
  await expect(second).rejects.toBe(reason);
  expect(await Promise.all([first, third])).toEqual(['did 1', 'did 3']);
  expect(batches).toEqual([[1], [3]]);
});

test('the item at fault fails alone', async () => {
  const { batcher } = setup({}, (items) => (items.includes(3) ? new Error('bad item') : undefined));
  const settled = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => batcher.add(item)));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});

test('a database that is away, or an unknown outcome, fails the whole batch once', async () => {
  const away = new AppError('UNAVAILABLE', 'COMMIT_UNKNOWN', 'gone');
  const { batches, batcher } = setup({}, () => away);
  const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
  expect(settled.map((it) => it.status === 'rejected' && (it.reason as unknown))).toEqual([away, away, away]);
  expect(batches).toHaveLength(1);
});

test('who owns the time decides when a batch begins', async () => {
  const deferred: (() => void)[] = [];
  const batches: (readonly number[])[] = [];
  const batcher = createBatcher<number, number>({
    run: (items) => {
      batches.push(items);
      return Promise.resolve(items);
    },
    defer: (run) => void deferred.push(run),
  });
  const answers = Promise.all([batcher.add(1), batcher.add(2)]);
  await turn();
  expect([batches, deferred.length]).toEqual([[], 1]);
  deferred[0]!();
  expect(await answers).toEqual([1, 2]);
  expect(batches).toEqual([[1, 2]]);
});

test('items of one key go one after the other, each in a batch of its own', async () => {
  const batches: (readonly string[])[] = [];
  const batcher = createBatcher<string, string>({
    run: (items) => {
      batches.push(items);
      return Promise.resolve(items);
    },
    keyOf: (item) => item.slice(0, 1),
  });
  const items = ['a1', 'b1', 'a2', 'c1', 'a3', 'b2'];
  expect(await Promise.all(items.map((item) => batcher.add(item)))).toEqual(items);
  expect(batches).toEqual([['a1', 'b1', 'c1'], ['a2', 'b2'], ['a3']]);
});

test('who begins a batch that nobody waits for waits for company, until the time is over or the batch is full', async () => {
  const batches: (readonly number[])[] = [];
  const lingering: { readonly ms: number; run: () => void; off: boolean }[] = [];
  let ms = 25;
  const batcher = createBatcher<number, number>({
    limits: () => ({ maxSize: 3, lanes: 2 }),
    run: (items) => {
      batches.push(items);
      return Promise.resolve(items);
    },
    linger: {
      ms: () => ms,
      schedule: (time, run) => {
        const each = { ms: time, run, off: false };
        lingering.push(each);
        return () => (each.off = true);
      },
    },
  });
  const together = [batcher.add(1), batcher.add(2)];
  await turn();
  await turn();
  expect([batches, lingering.length, lingering[0]?.ms]).toEqual([[], 1, 25]);
  lingering[0]?.run();
  await Promise.all(together);
  expect(batches).toEqual([[1, 2]]);

  // The third makes it full, and begins the next one, which waits anew.
  const full = [3, 4, 5].map((item) => batcher.add(item));
  const next = [batcher.add(6)];
  await Promise.all(full);
  expect(batches).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  expect(lingering.map(({ off }) => off)).toEqual([true, true, false]);
  lingering[2]?.run();
  await Promise.all(next);

  ms = 0;
  await batcher.add(7);
  expect(lingering).toHaveLength(3);
  expect(batches.slice(2)).toEqual([[6], [7]]);
});
