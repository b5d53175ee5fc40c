import { fakeClock } from '@stampede/testing';
import { expect, test } from 'vitest';
import { createCatalog } from './catalog.ts';

function setUp({ maxProducts = 100 } = {}) {
  const clock = fakeClock();
  const asked: string[][] = [];
  const prices = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  let gate: Promise<unknown> = Promise.resolve();
  const shelves = {
    async read(skus: readonly string[]) {
      asked.push([...skus]);
      const products = skus.flatMap((sku) => {
        const amountMinor = prices.get(sku);
        return amountMinor === undefined
          ? []
          : [[sku, { sku, title: sku, unitPrice: { currency: 'EUR', amountMinor } }] as const];
      });
      await gate;
      return new Map(products);
    },
  };
  const catalog = createCatalog({
    shelves,
    monotonic: () => clock.monotonic(),
    settings: () => ({ ttlMs: 1_000, maxProducts }),
  });
  const price = async (sku: string) => (await catalog.find([sku])).get(sku)?.unitPrice.amountMinor;
  return { clock, asked, prices, catalog, price, hold: (until: Promise<unknown>): void => void (gate = until) };
}

test('a product is asked for once, until it is too old', async () => {
  const { catalog, clock, asked, price, prices } = setUp();
  expect([...(await catalog.find(['a', 'b'])).keys()]).toEqual(['a', 'b']);
  prices.set('a', 10);
  await clock.advance(999);
  expect(await price('a')).toBe(1);
  await clock.advance(1);
  expect(await price('a')).toBe(10);
  expect(asked).toEqual([['a', 'b'], ['a']]);
});

test('what is in use and soon too old is read along with what is missed', async () => {
  const { catalog, clock, asked, price, prices } = setUp();
  await catalog.find(['a', 'b', 'c']);
  await clock.advance(600);
  expect([await price('a'), await price('c')]).toEqual([1, 3]); // nobody wants b
  prices.set('new', 5);
  await clock.advance(149);
  expect(await price('new')).toBe(5);
  prices.set('other', 6);
  prices.set('a', 10);
  await clock.advance(1);
  expect(await price('other')).toBe(6);
  await clock.advance(250); // b is too old by now
  expect([await price('a'), await price('c'), await price('b')]).toEqual([10, 3, 2]);
  expect(asked).toEqual([['a', 'b', 'c'], ['new'], ['other', 'a', 'c'], ['b']]);
});

test("what nobody wants any more is in nobody's way, however much of it there is", async () => {
  const { catalog, clock, asked, price, prices } = setUp({ maxProducts: 10_000 });
  const once = Array.from({ length: 1_500 }, (_, index) => `once-${index}`);
  for (const sku of once) prices.set(sku, 1);
  await catalog.find(once);
  await clock.advance(500);
  await price('a');
  await price('a');
  await clock.advance(800); // a is ageing, behind all that are too old by now
  await price('b');
  await price('c');
  expect(asked.slice(-2)).toEqual([['b'], ['c', 'a']]);
});

test('many who miss the same at once ask once, each for what nobody asks yet', async () => {
  const { catalog, asked, hold } = setUp();
  const gate = Promise.withResolvers<undefined>();
  hold(gate.promise);
  const all = [catalog.find(['a']), catalog.find(['a', 'b']), catalog.find(['b', 'c', 'a'])];
  gate.resolve(undefined);
  expect((await Promise.all(all)).map((found) => [...found.keys()].sort())).toEqual([
    ['a'],
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]);
  expect(asked).toEqual([['a'], ['b'], ['c']]);
});

test('what does not exist is not remembered', async () => {
  const { price, prices } = setUp();
  expect(await price('new')).toBeUndefined();
  prices.set('new', 5);
  expect(await price('new')).toBe(5);
});

test('a price found old is read anew, even if a reading was under way', async () => {
  const { catalog, price, prices, hold } = setUp();
  const gate = Promise.withResolvers<undefined>();
  hold(gate.promise);
  const old = price('a');
  prices.set('a', 10);
  catalog.forget(['a']);
  hold(Promise.resolve());
  expect(await price('a')).toBe(10);
  gate.resolve(undefined);
  expect(await old).toBe(1);
  expect(await price('a')).toBe(10);
});

test('a failure is everybody’s, and nobody’s later', async () => {
  const { price, hold } = setUp();
  hold(Promise.reject(new Error('away')));
  await expect(Promise.all([price('a'), price('a')])).rejects.toThrow('away');
  hold(Promise.resolve());
  expect(await price('a')).toBe(1);
});

test('no more is remembered than may be', async () => {
  const { catalog, asked } = setUp({ maxProducts: 2 });
  for (const sku of ['a', 'b', 'c', 'b', 'c', 'a']) await catalog.find([sku]);
  expect(asked.flat()).toEqual(['a', 'b', 'c', 'a']);
});
