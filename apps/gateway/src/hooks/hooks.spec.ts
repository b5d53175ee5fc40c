import { expect, test } from 'vitest';
import { Order_Status, type CreateOrderRequest } from '@stampede/contracts';
import type { ServerContext } from '@stampede/rpc';
import { startGateway } from '../spec/start-gateway.ts';
import { preferencesOf } from './preferences.ts';

/** A gateway whose orders come to `status`. */
async function orders(status: number = Order_Status.PAID) {
  const seen: { request: CreateOrderRequest; remainingMs: number }[] = [];
  const { fastify, signer } = await startGateway({
    order: {
      createOrder(request: CreateOrderRequest, context: ServerContext) {
        seen.push({ request, remainingMs: context.remainingMs() });
        return Promise.resolve({
          order: { id: 'o-1', userId: 'ann', status, reason: '', items: [], total: undefined, version: 1 },
        });
      },
    },
  });
  const authorization = `Bearer ${await signer.sign()}`;
  const payload = { items: [{ sku: 'tee', quantity: 2 }], paymentToken: 'tok_visa' };
  const place = (headers: Record<string, string>, body: object = payload) =>
    fastify.inject({ method: 'POST', url: '/v1/orders', payload: body, headers: { authorization, ...headers } });
  return { place, seen, payload };
}

const KEY = { 'idempotency-key': 'k 1' };

test('an order that is done is 201 with its address', async () => {
  const { place, seen } = await orders();
  const response = await place(KEY);
  expect(response.statusCode).toBe(201);
  expect(response.headers['location']).toBe('/v1/orders/o-1');
  expect(response.json()).toMatchObject({ id: 'o-1', status: 'PAID' });
  expect(seen[0]?.request).toMatchObject({
    items: [{ sku: 'tee', quantity: 2 }],
    paymentToken: 'tok_visa',
    idempotencyKey: 'k 1',
    respondAsync: false,
  });
  expect(seen[0]?.remainingMs).toBeGreaterThan(5_000);
});

test.each([Order_Status.PENDING, Order_Status.UNWINDING])(
  'an order under way (%i) is 202 with its address',
  async (status) => {
    const { place, seen } = await orders(status);
    const response = await place({ ...KEY, prefer: 'respond-async' });
    expect(response.statusCode).toBe(202);
    expect(response.headers).toMatchObject({
      location: '/v1/orders/o-1',
      'retry-after': '1',
      'preference-applied': 'respond-async',
    });
    expect(seen[0]?.request.respondAsync).toBe(true);
    expect((await place(KEY)).headers).not.toHaveProperty('preference-applied');
  },
);

test('wait=N is the deadline, and wait=0 is respond-async', async () => {
  const { place, seen } = await orders();
  await place({ ...KEY, prefer: 'wait=2' });
  expect(seen[0]?.remainingMs).toBeLessThanOrEqual(2_000);
  await place({ ...KEY, prefer: 'wait=999999' });
  expect(seen[1]?.remainingMs).toBeLessThanOrEqual(10_000);
  await place({ ...KEY, prefer: 'wait=0' });
  expect(seen[2]?.request.respondAsync).toBe(true);
});

test.each([
  [undefined, { respondAsync: false, wait: undefined }],
  ['', { respondAsync: false, wait: undefined }],
  ['respond-async, wait=10', { respondAsync: true, wait: 10 }],
  ['Wait = "7"; x=1, RESPOND-ASYNC; foo', { respondAsync: true, wait: 7 }],
  ['wait=1, wait=2', { respondAsync: false, wait: 1 }],
  ['wait=-1', { respondAsync: false, wait: undefined }],
  ['wait=soon, return=minimal', { respondAsync: false, wait: undefined }],
  [['respond-async', 'wait=3'], { respondAsync: true, wait: 3 }],
])('Prefer: %j', (header, expected) => {
  expect(preferencesOf(header)).toEqual(expected);
});

test.each([
  [undefined, 'is missing'],
  ['', 'must be 1 to 255 printable ASCII characters'],
  ['x'.repeat(256), 'must be 1 to 255 printable ASCII characters'],
  ['ü', 'must be 1 to 255 printable ASCII characters'],
  ['a\tb', 'must be 1 to 255 printable ASCII characters'],
])('the Idempotency-Key %j is refused', async (key, description) => {
  const { place, seen } = await orders();
  const response = await place(key === undefined ? {} : { 'idempotency-key': key });
  expect(response.json()).toMatchObject({ status: 400, violations: [{ field: 'Idempotency-Key', description }] });
  expect(seen).toEqual([]);
});

test('what headers say is not taken from the body', async () => {
  const { place, payload } = await orders();
  const response = await place(KEY, { ...payload, idempotencyKey: 'mine' });
  expect(response.json()).toMatchObject({ status: 400, violations: [{ field: 'idempotencyKey' }] });
});

test.each([
  ['/v1/users', { email: 'a@b.c', password: 'longenough', displayName: 'A' }, '/v1/users/me'],
  ['/v1/sessions', { email: 'a@b.c', password: 'longenough' }, undefined],
  ['/v1/products', { sku: 'a b', title: 'T' }, '/v1/products/a%20b'],
])('POST %s is 201', async (url, payload, location) => {
  const { fastify, signer } = await startGateway({
    user: {
      createUser: () => Promise.resolve({ user: undefined }),
      createSession: () => Promise.resolve({ accessToken: 't', refreshToken: 'r', expiresIn: 60 }),
    },
    inventory: {
      createProduct: ({ sku }: { sku: string }) =>
        Promise.resolve({ product: { sku, title: '', unitPrice: undefined, available: 0 } }),
    },
  });
  const response = await fastify.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: `Bearer ${await signer.sign()}` },
  });
  expect(response.statusCode).toBe(201);
  expect(response.headers['location']).toBe(location);
});
