import { expect, test } from 'vitest';
import { requestHash } from './request-hash.ts';

const request = {
  items: [
    { sku: 'a', quantity: 1 },
    { sku: 'b', quantity: 2 },
  ],
  paymentToken: 'tok',
};

test('the same request has the same hash, of 32 bytes', () => {
  expect(requestHash(structuredClone(request))).toBe(requestHash(request));
  expect(Buffer.from(requestHash(request), 'base64url')).toHaveLength(32);
});

test.each([
  [{ ...request, paymentToken: 'tok2' }],
  [{ ...request, items: request.items.slice(1) }],
  [{ ...request, items: request.items.toReversed() }],
  [{ ...request, items: [{ sku: 'a', quantity: 12 }] }],
  [{ ...request, items: [{ sku: 'a","1', quantity: 1 }] }],
])('another request has another: %j', (other) => {
  expect(requestHash(other)).not.toBe(requestHash(request));
});
