import { expect, test, vi } from 'vitest';
import { Replayed } from './replayed.ts';

async function* source(count: number, size = 1) {
  for (let n = 0; n < count; n += 1) yield await Promise.resolve(Buffer.alloc(size, n));
}

const read = async (iterator: AsyncIterator<Uint8Array>, count: number) => {
  const got: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const result = await iterator.next();
    if (result.done === true) break;
    got.push(result.value[0] ?? -1);
  }
  return got;
};

test('a second attempt reads what the first read, and goes on', async () => {
  const replayed = new Replayed(source(5));
  expect(await read(replayed[Symbol.asyncIterator](), 3)).toEqual([0, 1, 2]);
  expect(await read(replayed[Symbol.asyncIterator](), 9)).toEqual([0, 1, 2, 3, 4]);
  expect(replayed.replayable).toBe(true);
});

test('a read under way when an attempt fails is the next one’s', async () => {
  const gate = Promise.withResolvers<undefined>();
  async function* slow() {
    await gate.promise;
    yield Buffer.of(7);
  }
  const replayed = new Replayed(slow());
  void replayed[Symbol.asyncIterator]().next();
  const second = read(replayed[Symbol.asyncIterator](), 2);
  gate.resolve(undefined);
  expect(await second).toEqual([7]);
});

test('what is long, large, or answered cannot be sent again', async () => {
  const long = new Replayed(source(40));
  await read(long[Symbol.asyncIterator](), 17);
  expect(long.replayable).toBe(false);
  const large = new Replayed(source(3, 40_000));
  await read(large[Symbol.asyncIterator](), 2);
  expect(large.replayable).toBe(false);
  const answered = new Replayed(source(3));
  answered.commit();
  expect(answered.replayable).toBe(false);
  expect(await read(answered[Symbol.asyncIterator](), 9)).toEqual([0, 1, 2]);
});

test('closing it closes the source', async () => {
  const closed = vi.fn();
  async function* watched() {
    try {
      yield await Promise.resolve(Buffer.of(1));
    } finally {
      closed();
    }
  }
  const replayed = new Replayed(watched());
  await read(replayed[Symbol.asyncIterator](), 1);
  await replayed.close();
  expect(closed).toHaveBeenCalledOnce();
});
