import { expect, test } from 'vitest';
import { checkLimits, checkRequest } from './check-request.ts';

const good = { items: [{ sku: 'tee-black', quantity: 1 }], paymentToken: 'tok_visa', idempotencyKey: 'k' };

test('a request within the contract passes', () => {
  expect(() => checkRequest(good)).not.toThrow();
});

test('every field at fault is named, by its path', () => {
  const bad = { items: [...good.items, { sku: 'a/b', quantity: 10_001 }], paymentToken: 'a\0', idempotencyKey: 'ü' };
  expect(() => checkRequest(bad)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      violations: ['items[1].sku', 'items[1].quantity', 'payment_token', 'idempotency_key'].map(
        (field) => expect.objectContaining({ field }) as object,
      ),
    }),
  );
});

test('what the shop allows at the moment may be less', () => {
  const items = [
    { sku: 'a', quantity: 5 },
    { sku: 'b', quantity: 6 },
  ];
  expect(() => checkLimits({ items }, { maxQuantity: 6 })).not.toThrow();
  expect(() => checkLimits({ items }, { maxQuantity: 5 })).toThrow(
    expect.objectContaining({ violations: [{ field: 'items[1].quantity', description: 'must be 1 to 5' }] }),
  );
});
