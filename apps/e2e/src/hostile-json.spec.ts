import { fc } from '@fast-check/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, type Problem, type Shopper } from './support/shopper.ts';
import { instancesOf, startStack, type Stack } from './support/stack.ts';

/** Requests for each route; STAMPEDE_HOSTILE_RUNS for more. */
const RUNS = Number(process.env['STAMPEDE_HOSTILE_RUNS'] ?? 25);
const APPS = ['gateway', 'user', 'inventory', 'order', 'payment'];

let stack: Stack;
let people: readonly (Shopper | undefined)[];
beforeAll(async () => {
  stack = await startStack();
  people = [await logIn(stack, stack.customer), await logIn(stack, stack.operator), undefined];
}, 150_000);
afterAll(async () => {
  await stack.stop();
  await stack.remove();
});

const price = { currency: 'EUR', amountMinor: '1000' };
const account = { email: 'fuzz@example.com', password: 'correct horse battery', displayName: 'Fuzz' };
const ID = '0198b2a4-7f00-7000-8000-000000000001';

/** A good request for each route, its variables filled in. */
const ROUTES: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/v1/orders?pageSize=10&pageToken=abc'],
  ['GET', `/v1/orders/${ID}`],
  ['GET', `/v1/orders/${ID}:watch`],
  ['GET', '/v1/products?pageSize=10&pageToken=abc'],
  ['GET', '/v1/products/tee-black'],
  ['GET', '/v1/users/me'],
  ['POST', '/v1/orders', { items: [{ sku: 'tee-black', quantity: 1 }], paymentToken: 'tok_visa', respondAsync: true }],
  ['POST', `/v1/orders/${ID}:cancel`, {}],
  ['POST', `/v1/orders/${ID}:refund`, {}],
  ['POST', `/v1/orders/${ID}:ship`, {}],
  ['POST', '/v1/products', { sku: 'fuzz', title: 'Fuzz', unitPrice: price, available: 3 }],
  ['POST', '/v1/products/tee-black:restock', { quantity: 1, requestId: ID }],
  ['POST', '/v1/sessions', account],
  ['POST', '/v1/sessions:refresh', { refreshToken: 'token' }],
  ['POST', '/v1/sessions:revoke', { refreshToken: 'token' }],
  ['POST', '/v1/stream-tickets', { path: `/v1/orders/${ID}:watch` }],
  ['POST', '/v1/users', account],
];

test('there is a good request for every route', async () => {
  const { paths } = (await (await fetch(`${stack.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const known = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  const covered = ROUTES.map(([method, path]) =>
    `${method} ${path.split('?')[0]}`.replace(ID, '{id}').replace('tee-black', '{sku}'),
  );
  expect(covered.sort()).toEqual(known.sort());
});

type Json = fc.JsonValue;
type Change = (value: Json) => Json;

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<Json>(
    '',
    '\0',
    '\ud800',
    'x'.repeat(20_000),
    -1,
    0.5,
    1e308,
    2 ** 53,
    9e18,
    '9'.repeat(400),
    null,
    [],
    {},
    '1970-01-01T00:00:00Z',
  ),
);

/** Changes one value somewhere within another: replaces it, drops it, doubles it, or puts something beside it. */
const change: fc.Arbitrary<Change> = fc
  .tuple(
    fc.array(fc.nat(20), { maxLength: 4 }),
    fc.constantFrom('replace', 'drop', 'double', 'beside', 'nest'),
    odd,
    fc.string(),
  )
  .map(([path, how, value, key]) => {
    const at = (node: Json, rest: readonly number[]): Json => {
      const [step, ...further] = rest;
      const entries = typeof node === 'object' && node !== null ? Object.entries(node) : [];
      if (step !== undefined && entries.length > 0) {
        const [name = '', child = null] = entries[step % entries.length] ?? [];
        const changed = at(child, further);
        if (Array.isArray(node)) return node.map((each: Json, n) => (String(n) === name ? changed : each));
        return { ...(node as Record<string, Json>), [name]: changed };
      }
      if (how === 'replace') return value;
      if (how === 'drop') return Array.isArray(node) ? node.slice(1) : {};
      if (how === 'double') return Array.isArray(node) ? [...node, ...node] : [node, node];
      if (how === 'nest') return Array.from({ length: 200 }).reduce<Json>((inner) => ({ [key]: inner }), node);
      return typeof node === 'object' && node !== null && !Array.isArray(node) ? { ...node, [key]: value } : value;
    };
    return (node) => at(node, path);
  });

/** What is sent: JSON that was changed, or its text that was. */
const spoil = fc
  .tuple(
    fc.array(change, { maxLength: 3 }),
    fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.string({ unit: 'binary', maxLength: 8 }))),
  )
  .map(([changes, text]) => (body: unknown): string => {
    const json = JSON.stringify(changes.reduce((value, each) => each(value), body as Json));
    if (text === null) return json;
    const at = Math.floor(text[0] * json.length);
    return json.slice(0, at) + text[1] + json.slice(at + text[1].length);
  });
const segment = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom('%00', '%ff', '%ED%A0%80', '%2e%2e', '%zz', ':', '%3A', 'x'.repeat(3_000), "'%20or%201=1--"),
  ),
  { freq: 2 },
);
const query = fc.option(fc.webQueryParameters(), { freq: 3 });

test.each<[string, string, unknown]>(ROUTES.map(([method, path, body]) => [method, path, body]))(
  'whatever comes to %s %s, the answer is no 5xx, and a 4xx has a reason',
  async (method, good, body) => {
    const pids = APPS.flatMap((app) => instancesOf(stack, app));
    await fc.assert(
      fc.asyncProperty(
        spoil,
        segment,
        query,
        fc.nat(2),
        fc.nat(1_000_000),
        async (spoiled, part, more, person, key) => {
          let path = good;
          if (part !== null) path = path.replace(/(?<=\/v1\/(?:orders|products)\/)[^:/?]+/, part);
          if (more !== null) path += `${path.includes('?') ? '&' : '?'}${more}`;
          const token = people[person]?.token;
          const response = await fetch(stack.url + path, {
            method,
            headers: {
              'content-type': 'application/json',
              'idempotency-key': `fuzz-${key}`,
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
            },
            ...(body !== undefined && { body: spoiled(body) }),
            signal: AbortSignal.timeout(30_000),
          });
          expect(response.status).toBeLessThan(500);
          if (response.status < 400) {
            await response.body?.cancel();
            return;
          }
          expect(response.headers.get('content-type')).toBe('application/problem+json');
          const problem = (await response.json()) as Problem;
          expect(problem.reason).toMatch(/^[A-Z][A-Z0-9_]+$/);
          if (problem.reason === 'INVALID_ARGUMENT') {
            expect(problem.violations?.length).toBeGreaterThan(0);
            for (const { field } of problem.violations ?? []) expect(field).not.toBe('');
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(APPS.flatMap((app) => instancesOf(stack, app))).toEqual(pids);
  },
);
