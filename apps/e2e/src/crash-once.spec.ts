import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { logIn } from './support/shopper.ts';
import { auditStack, startStack, type Stack } from './support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { STAMPEDE_CRASH_AT: 'order.pay.after' } });
}, 150_000);
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

test('npm start with STAMPEDE_CRASH_AT: the service dies there once, says so, and comes back for good', async () => {
  const customer = await logIn(stack, stack.customer);
  const key = randomUUID();
  const buy = () => customer.buy([{ sku: 'tee-black', quantity: 1 }], { key });
  await buy();
  await vi.waitFor(async () => expect(await buy()).toMatchObject({ status: 201, body: { status: 'PAID' } }), {
    timeout: 30_000,
    interval: 50,
  });
  expect(await customer.buy([{ sku: 'tee-black', quantity: 1 }])).toMatchObject({ status: 201 });
  const ends = stack
    .printed()
    .split('\n')
    .filter((line) => line.includes(' ended ('));
  expect(ends).toHaveLength(1);
  expect(ends[0]).toMatch(/^order-1 ended \(SIGKILL\): killed at order\.pay\.after, as STAMPEDE_CRASH_AT asked/);
  expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
});
