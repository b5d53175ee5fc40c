import { UnsecuredJWT, SignJWT, importJWK } from 'jose';
import { expect, test } from 'vitest';
import type { ServerContext } from '@stampede/rpc';
import { createSigner, startGateway, type Signer } from '../spec/start-gateway.ts';

const now = () => Math.floor(Date.now() / 1000);

/** A gateway whose ListOrders tells who asked. */
async function gateway(options: { user?: Record<string, unknown> } = {}) {
  const seen: ServerContext['user'][] = [];
  const order = {
    listOrders(_: unknown, { user }: ServerContext) {
      seen.push(user);
      return Promise.resolve({ orders: [], nextPageToken: '' });
    },
  };
  const { fastify, signer } = await startGateway({ order, ...options });
  const list = (authorization?: string) =>
    fastify.inject({ url: '/v1/orders', headers: authorization === undefined ? {} : { authorization } });
  return { list, signer, seen, fastify };
}

test('a good token goes on to the service as its user', async () => {
  const { list, signer, seen } = await gateway();
  const token = await signer.sign({ sub: 'olga', roles: ['customer', 'operator'] });
  for (const authorization of [`Bearer ${token}`, `bearer  ${token}`, `Bearer ${token}`]) {
    expect((await list(authorization)).statusCode).toBe(200);
  }
  expect(seen).toEqual(Array.from({ length: 3 }, () => ({ id: 'olga', roles: ['customer', 'operator'] })));
});

type Forge = (signer: Signer) => Promise<string> | string;
const claims = { iss: 'stampede', aud: 'stampede-api', sub: 'ann', roles: ['operator'] };
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each<[string, Forge, string]>([
  ['alg none', () => new UnsecuredJWT({ ...claims, exp: now() + 60 }).encode(), 'INVALID_TOKEN'],
  [
    'alg none with a key id',
    () => `${part({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${part({ ...claims, exp: now() + 60 })}.`,
    'INVALID_TOKEN',
  ],
  [
    'HS256 with the public key',
    ({ jwk }) =>
      new SignJWT({ ...claims, exp: now() + 60 })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })
        .sign(Buffer.from(jwk.x, 'base64url')),
    'INVALID_TOKEN',
  ],
  ["a stranger's key under our key id", async () => (await createSigner('k1')).sign(), 'INVALID_TOKEN'],
  ['an unknown key id', async () => (await createSigner('k2')).sign(), 'UNKNOWN_KEY'],
  ['no key id', ({ sign }) => sign({}, { kid: undefined as unknown as string }), 'UNKNOWN_KEY'],
  ['another issuer', ({ sign }) => sign({ iss: 'somebody' }), 'INVALID_TOKEN'],
  ['another audience', ({ sign }) => sign({ aud: 'another-api' }), 'INVALID_TOKEN'],
  ['another type', ({ sign }) => sign({}, { typ: 'JWT' }), 'INVALID_TOKEN'],
  ['no type', ({ sign }) => sign({}, { typ: undefined as unknown as string }), 'INVALID_TOKEN'],
  ['its time over', ({ sign }) => sign({ exp: now() - 1 }), 'TOKEN_EXPIRED'],
  ['its time to come', ({ sign }) => sign({ nbf: now() + 60 }), 'INVALID_TOKEN'],
  ['no end', ({ sign }) => sign({ exp: undefined as unknown as number }), 'INVALID_TOKEN'],
  ['no subject', ({ sign }) => sign({ sub: undefined as unknown as string }), 'INVALID_TOKEN'],
  ['no roles', ({ sign }) => sign({ roles: undefined }), 'INVALID_TOKEN'],
  ['roles that are none', ({ sign }) => sign({ roles: [1] }), 'INVALID_TOKEN'],
  ['a critical extension', ({ sign }) => sign({}, { crit: ['x'], x: 1 }, { crit: { x: true } }), 'INVALID_TOKEN'],
  [
    'other claims under its signature',
    async ({ sign }) => (await sign()).replace(/\.[^.]+\./, `.${part({ ...claims, exp: now() + 60 })}.`),
    'INVALID_TOKEN',
  ],
  ['no signature', async ({ sign }) => (await sign()).replace(/[^.]+$/, ''), 'INVALID_TOKEN'],
  ['half a signature', async ({ sign }) => (await sign()).slice(0, -20), 'INVALID_TOKEN'],
  ['another encoding of its signature', async ({ sign }) => `${await sign()}==`, 'INVALID_TOKEN'],
  ['no dots', () => 'garbage', 'INVALID_TOKEN'],
  ['dots alone', () => '..', 'INVALID_TOKEN'],
  ['bytes', () => '\u00ff\u00fe', 'INVALID_TOKEN'],
  ['great length', () => 'x'.repeat(8_000), 'INVALID_TOKEN'],
])('a token with %s is refused, twice', async (_, forge, reason) => {
  const { list, signer, seen } = await gateway();
  const token = await forge(signer);
  for (const response of [await list(`Bearer ${token}`), await list(`Bearer ${token}`)]) {
    expect(response.json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', reason });
    expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="stampede", error="invalid_token"/);
  }
  expect(seen).toEqual([]);
});

test.each(['', 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'x'])(
  'the header "%s" is refused',
  async (authorization) => {
    const { list } = await gateway();
    expect((await list(authorization)).statusCode).toBe(401);
  },
);

test('no token at all is told from a bad one', async () => {
  const { list } = await gateway();
  const response = await list();
  expect(response.json()).toMatchObject({ status: 401, reason: 'TOKEN_MISSING' });
  expect(response.headers['www-authenticate']).toBe('Bearer realm="stampede"');
});

test('what is open to all needs no token, and minds no bad one', async () => {
  const { fastify, signer } = await gateway();
  const headers = { authorization: 'Bearer nonsense' };
  const jwks = await fastify.inject({ url: '/.well-known/jwks.json', headers });
  expect(jwks.json()).toMatchObject({ keys: [signer.jwk] });
  await expect(importJWK(signer.jwk, 'EdDSA')).resolves.toBeDefined();
  // Past the door, to a service of this test that answers nothing.
  expect((await fastify.inject({ url: '/v1/products', headers })).statusCode).toBe(501);
  expect((await fastify.inject({ method: 'POST', url: '/v1/users', payload: {} })).statusCode).toBe(501);
  expect((await fastify.inject({ method: 'POST', url: '/v1/products', payload: {} })).statusCode).toBe(401);
});

test('where no keys can be had nobody is let in, and it is not their fault', async () => {
  const { list, signer } = await gateway({ user: { getJwks: () => Promise.reject(new Error('down')) } });
  expect((await list(`Bearer ${await signer.sign()}`)).statusCode).toBe(500);
});
