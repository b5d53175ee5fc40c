import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { logIn, newProduct, type Shopper } from './support/shopper.ts';
import { auditStack, startStack, type Stack } from './support/stack.ts';

let stack: Stack;
let operator: Shopper;
let customer: Shopper;

beforeAll(async () => {
  stack = await startStack();
  operator = await logIn(stack, stack.operator);
  customer = await logIn(stack, stack.customer);
}, 150_000);
afterEach(async () => expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 }));
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

/** Runs `task` for 0..count-1, `width` at a time. */
async function crowd<T>(count: number, width: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) {
        const index = next++;
        results[index] = await task(index);
      }
    }),
  );
  return results;
}

async function available(sku: string): Promise<unknown> {
  return (await customer.get(`/v1/products/${sku}`)).body['available'];
}

test('500 buyers, 64 at a time, for 100 units: exactly 100 are paid, 400 are told', async () => {
  const sku = await newProduct(operator, 100);
  const answers = await crowd(500, 64, () => customer.buy([{ sku, quantity: 1 }]));
  const paid = answers.filter(({ status, body }) => status === 201 && body.status === 'PAID');
  const refused = answers.filter(({ status, body }) => status === 409 && body.reason === 'OUT_OF_STOCK');
  expect([paid.length, refused.length]).toEqual([100, 400]);
  expect(new Set(paid.map(({ body }) => body.id)).size).toBe(100);
  expect(await available(sku)).toBe(0);
});

test('two lines of the same SKU add up', async () => {
  const sku = await newProduct(operator, 3);
  const two = [
    { sku, quantity: 1 },
    { sku, quantity: 1 },
  ];
  expect(await customer.buy(two)).toMatchObject({
    status: 201,
    body: { status: 'PAID', total: { amountMinor: '2000' } },
  });
  expect(await customer.buy(two)).toMatchObject({ status: 409, body: { reason: 'OUT_OF_STOCK' } });
  expect(await customer.buy([{ sku, quantity: 1 }])).toMatchObject({ status: 201 });
  expect(await available(sku)).toBe(0);
});

test('orders of several SKUs in opposite order neither wait for each other for ever nor sell too much', async () => {
  const [a, b] = [await newProduct(operator, 60), await newProduct(operator, 40)];
  const answers = await crowd(100, 64, (index) => {
    const items = [
      { sku: a, quantity: 1 },
      { sku: b, quantity: 1 },
    ];
    return customer.buy(index % 2 === 0 ? items : items.toReversed());
  });
  const statuses = Object.groupBy(answers, ({ status }) => String(status));
  expect(Object.keys(statuses).sort()).toEqual(['201', '409']);
  expect(statuses['201']).toHaveLength(40);
  expect([await available(a), await available(b)]).toEqual([20, 0]);
});
