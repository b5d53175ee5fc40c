import { expect, test } from 'vitest';
import { startGateway } from '../spec/start-gateway.ts';
import { settingsSchema } from '../settings.ts';

const SHOP = 'https://shop.example';
const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

function gateway(origins: readonly string[]) {
  return startGateway({
    settings: { cors: { origins, maxAgeSeconds: 60 } },
    inventory: { listProducts: () => Promise.resolve({ products: [], nextPageToken: '' }) },
  });
}

test('pages of a named origin may ask, send our headers and see ours', async () => {
  const { fastify } = await gateway([SHOP, 'http://localhost:5173']);
  const preflight = await fastify.inject({ method: 'OPTIONS', url: '/v1/orders', headers: { origin: SHOP, ...asked } });
  expect([preflight.statusCode, preflight.body]).toEqual([204, '']);
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': SHOP,
    'access-control-max-age': '60',
    vary: 'origin',
  });
  expect(String(preflight.headers['access-control-allow-methods']).split(', ')).toContain('POST');
  for (const name of ['authorization', 'content-type', 'idempotency-key', 'prefer', 'if-none-match'])
    expect(String(preflight.headers['access-control-allow-headers']).split(', ')).toContain(name);
  const read = await fastify.inject({ url: '/v1/products', headers: { origin: SHOP } });
  expect(read.statusCode).toBe(200);
  expect(read.headers).toMatchObject({ 'access-control-allow-origin': SHOP, vary: 'origin, accept-encoding' });
  for (const name of ['location', 'retry-after', 'etag', 'x-request-id'])
    expect(String(read.headers['access-control-expose-headers']).split(', ')).toContain(name);
  expect(JSON.stringify([preflight.headers, read.headers])).not.toContain('allow-credentials');
});

test('failures can be read as well', async () => {
  const { fastify } = await gateway([SHOP]);
  for (const url of ['/v1/orders', '/v1/nowhere']) {
    const { headers, statusCode } = await fastify.inject({ url, headers: { origin: SHOP } });
    expect(statusCode).toBeGreaterThan(400);
    expect(headers['access-control-allow-origin']).toBe(SHOP);
  }
});

test.each([
  'https://evil.example',
  'https://shop.example.evil.example',
  'http://shop.example',
  'https://shop.example:444',
  'null',
  '',
])('pages of %j may not, and caches keep apart what they were told', async (origin) => {
  const { fastify } = await gateway([SHOP]);
  const preflight = await fastify.inject({ method: 'OPTIONS', url: '/v1/orders', headers: { origin, ...asked } });
  const read = await fastify.inject({ url: '/v1/products', headers: { origin } });
  for (const { headers } of [preflight, read]) {
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers.vary).toMatch(/^origin/);
  }
});

test('who sends no origin is answered as ever', async () => {
  const { fastify } = await gateway([SHOP]);
  const { headers } = await fastify.inject('/v1/products');
  expect([headers['access-control-allow-origin'], headers.vary]).toEqual([undefined, 'origin, accept-encoding']);
  const options = await fastify.inject({ method: 'OPTIONS', url: '/v1/orders' });
  expect([options.statusCode, options.headers.allow]).toEqual([204, 'GET, HEAD, POST']);
});

test('all origins are one answer for all, and none is the default', async () => {
  const open = await gateway(['*']);
  const read = await open.fastify.inject({ url: '/v1/products', headers: { origin: 'https://any.example' } });
  expect(read.headers).toMatchObject({ 'access-control-allow-origin': '*', vary: 'accept-encoding' });
  const closed = await startGateway();
  const refused = await closed.fastify.inject({ url: '/v1/orders', headers: { origin: SHOP } });
  expect(Object.keys(refused.headers).filter((name) => /access-control|vary/.test(name))).toEqual([]);
});

test.each([
  ['https://shop.example/'],
  ['shop.example'],
  ['https://*.example'],
  ['https://shop.example/path'],
  ['null'],
])('%j is no origin', (origin) => {
  expect(settingsSchema.safeParse({ cors: { origins: [origin] } }).success).toBe(false);
});
