import { request } from 'node:http';
import { SignJWT, UnsecuredJWT, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, logIn, type Answer, type Problem, type Shopper } from './support/shopper.ts';
import { auditStack, startStack, type Stack } from './support/stack.ts';

let stack: Stack;
let customer: Shopper;
let operator: Shopper;

beforeAll(async () => {
  stack = await startStack();
  customer = await logIn(stack, stack.customer);
  operator = await logIn(stack, stack.operator);
}, 150_000);
afterAll(async () => {
  expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
  await stack.stop();
  await stack.remove();
});

const ORDER = { items: [{ sku: 'tee-black', quantity: 1 }], paymentToken: 'tok_visa' };
const HUGE = '9'.repeat(30);

function send(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer<Problem>> {
  return call(`${stack.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${customer.token}`,
      'content-type': 'application/json',
      'idempotency-key': 'hostile',
      ...headers,
    },
    body,
  });
}

test.each<[string, string, string | RegExp]>([
  ['no JSON', '{"items":', /./],
  ['no object', '[]', /./],
  ['an unknown field', JSON.stringify({ ...ORDER, discount: 100 }), 'discount'],
  [
    'an unknown field below',
    JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black', quantity: 1, price: 1 }] }),
    'items[0].price',
  ],
  [
    'a negative quantity',
    JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black', quantity: -1 }] }),
    'items[0].quantity',
  ],
  ['no quantity', JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black' }] }), 'items[0].quantity'],
  [
    'a huge quantity',
    `{"items":[{"sku":"tee-black","quantity":${HUGE}}],"paymentToken":"tok_visa"}`,
    'items[0].quantity',
  ],
  [
    'a large quantity',
    JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black', quantity: 2_147_483_647 }] }),
    'items[0].quantity',
  ],
  ['half a unit', JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black', quantity: 0.5 }] }), 'items[0].quantity'],
  [
    'a word for a number',
    JSON.stringify({ ...ORDER, items: [{ sku: 'tee-black', quantity: 'many' }] }),
    'items[0].quantity',
  ],
  ['no items', JSON.stringify({ ...ORDER, items: [] }), 'items'],
  ['items that are none', JSON.stringify({ ...ORDER, items: 'tee-black' }), 'items'],
  ['too many items', JSON.stringify({ ...ORDER, items: Array.from({ length: 101 }, () => ORDER.items[0]) }), 'items'],
  ['no token', JSON.stringify({ items: ORDER.items }), 'paymentToken'],
  ['a zero byte', JSON.stringify({ ...ORDER, paymentToken: 'tok\0visa' }), 'paymentToken'],
  ['half a surrogate pair', '{"items":[{"sku":"\\ud800","quantity":1}],"paymentToken":"tok_visa"}', 'items[0].sku'],
])('an order with %s is a 400 that names the field', async (_, body, field) => {
  const answer = await send('/v1/orders', body);
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const named = answer.body.violations?.map((violation) => violation.field) ?? [];
  if (typeof field === 'string') expect(named).toContain(field);
});

test('an order without an Idempotency-Key is told so', async () => {
  const answer = await customer.post<Problem>('/v1/orders', ORDER);
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain('Idempotency-Key');
});

test.each(['', ' ', 'ü', 'x'.repeat(256)])('the Idempotency-Key "%s" is refused', async (key) => {
  const answer = await call<Problem>(`${stack.url}/v1/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(ORDER),
  });
  expect(answer.status).toBe(400);
});

test('a body over a megabyte is too large, an odd type unsupported, deep nesting harmless', async () => {
  expect((await send('/v1/orders', JSON.stringify({ ...ORDER, paymentToken: 'x'.repeat(1_100_000) }))).status).toBe(
    413,
  );
  expect((await send('/v1/orders', 'items=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
    415,
  );
  expect((await send('/v1/orders', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).status).toBe(400);
  expect((await send('/v1/orders', '{"__proto__":{"admin":true},"items":[],"paymentToken":"x"}')).status).toBe(400);
});

test('no token but a good one opens the door', async () => {
  const { privateKey } = await generateKeyPair('EdDSA');
  const [header = '', payload = '', signature = ''] = customer.token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const forged = (over: Record<string, unknown> = {}) =>
    new SignJWT({ ...claims, ...over }).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid }).sign(privateKey);
  const jwks = Buffer.from(
    (await call<{ keys: { x: string }[] }>(`${stack.url}/.well-known/jwks.json`)).body.keys[0]!.x,
    'base64url',
  );
  const bad = {
    garbage: 'garbage',
    empty: '',
    'alg none': new UnsecuredJWT(claims).encode(),
    'alg none with the name of a key': `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).toString('base64url')}.${payload}.`,
    'HS256 with the public key': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(jwks),
    "a stranger's key": await forged(),
    'more roles': `${header}.${Buffer.from(JSON.stringify({ ...claims, roles: ['operator'] })).toString('base64url')}.${signature}`,
    'no signature': `${header}.${payload}.`,
  };
  for (const [name, token] of Object.entries(bad)) {
    const answer = await call<Problem>(`${stack.url}/v1/orders`, { headers: { authorization: `Bearer ${token}` } });
    expect([name, answer.status]).toEqual([name, 401]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
  expect((await call(`${stack.url}/v1/orders`)).status).toBe(401);
  expect((await call(`${stack.url}/v1/orders`, { headers: { authorization: 'Basic b3BlcmF0b3I6eA==' } })).status).toBe(
    401,
  );
});

/** A path as it is: fetch would tidy it up. */
function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const { hostname, port } = new URL(stack.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, headers: { authorization: `Bearer ${customer.token}`, ...headers } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject).end();
  });
}

test.each([
  '/v1/orders/..%2f..%2fetc%2fpasswd',
  '/v1/orders/%00',
  '/v1/orders/%ZZ',
  '/v1/orders/%c0%af',
  '/v1/orders/not-a-uuid',
  '/v1/orders/00000000-0000-0000-0000-000000000000',
  "/v1/orders/'%20or%20'1'='1",
  '/v1/orders//',
  '/v1//orders',
  '/v1/orders/x:explode',
  '/v1/orders?pageSize=-1',
  '/v1/orders?pageSize=many',
  '/v1/orders?pageToken=%00%01',
  '/v1/orders?pageToken=AAAA',
  '/v1/orders?unknown=1',
  '/v1/orders?__proto__[x]=1',
  '/v1/products?pageSize=999999999999999999999',
  '/v1/products/%ED%A0%80',
  '/v1/products/a%00b',
  `/v1/products/${'x'.repeat(4_000)}`,
  '/v1/sessions',
  '/nothing',
])('GET %s is a 4xx', async (path) => {
  const status = await raw('GET', path);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});

test('odd methods are a 4xx', async () => {
  for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND']) {
    const status = await raw(method, '/v1/orders');
    expect([method, status >= 400 && status < 500]).toEqual([method, true]);
  }
});

test.each<[string, object, string]>([
  ['a SKU with a slash', { sku: 'a/b' }, 'sku'],
  ['no SKU', { sku: '' }, 'sku'],
  ['a negative price', { unitPrice: { currency: 'EUR', amountMinor: -1 } }, 'unitPrice.amountMinor'],
  ['a fraction of a cent', { unitPrice: { currency: 'EUR', amountMinor: 1.5 } }, 'unitPrice.amountMinor'],
  [
    'a price beyond all numbers',
    { unitPrice: { currency: 'EUR', amountMinor: '9223372036854775807' } },
    'unitPrice.amountMinor',
  ],
  ['no such currency', { unitPrice: { currency: 'euro', amountMinor: 1 } }, 'unitPrice.currency'],
  ['a negative stock', { available: -1 }, 'available'],
  ['a title of spaces', { title: '   ' }, 'title'],
])('a product with %s is a 400 that names the field', async (_, over, field) => {
  const product = {
    sku: 'hostile',
    title: 'Hostile',
    unitPrice: { currency: 'EUR', amountMinor: 1 },
    available: 1,
    ...over,
  };
  const { status, body } = await operator.post<Problem>('/v1/products', product);
  expect([status, body.violations?.map((violation) => violation.field)]).toEqual([400, [field]]);
});
